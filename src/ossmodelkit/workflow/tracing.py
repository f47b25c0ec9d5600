"""Ask the trainer process to follow a step on fake tensors."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ossmodelkit.estimating.architecture import outline
from ossmodelkit.estimating.asking import categories_of
from ossmodelkit.estimating.memory import Peak
from ossmodelkit.estimating.options import Method, StepOptions
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from ossmodelkit.foundation.wire import to_wire

LONGEST_SECONDS = 900


def follow(config: Mapping[str, Any], options: StepOptions, *, quick: bool, reserved: str = "") -> Peak:
    """The peak of a real model's step; with `reserved`, also what the caching allocator holds.

    Raises `NothingToJudgeError` when the training libraries are missing or do not know the model.
    """
    if options.method is Method.INFERENCE:
        raise UsageError("inference is not traced", hint="leave --trace and --quick out")
    if reserved and options.fsdp > 1:
        raise UsageError("--reserved follows one card", hint="leave --fsdp or --reserved out")
    words = {"options": to_wire(options), "task": _task(config), "quick": quick, "reserved": reserved}
    answer = ask_trainer("ossmodelkit.trainer.tracing", {"config": dict(config), **words})
    if "error" in answer:
        raise NothingToJudgeError(str(answer["error"]), hint=str(answer.get("hint", "")))
    return Peak(
        allocated_bytes=answer["allocated_peak_bytes"],
        phase=answer["peak_phase"],
        categories=categories_of(answer["categories"]),
        phases=dict(answer["phases"]),
        parameters=answer["parameters"],
        trainable_parameters=answer["trainable_parameters"],
        reserved_bytes=answer.get("reserved_peak_bytes"),
    )


def _task(config: Mapping[str, Any]) -> str:
    return outline(config).task


def ask_trainer(module: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a module of the trainer, in a process of its own.

    Raises `NothingToJudgeError` when it fails or takes too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "request.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        run = [sys.executable, "-W", "ignore", "-m", module, str(path)]
        try:
            done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            raise NothingToJudgeError("it took longer than 15 minutes", hint="a trace has --quick for that") from None
    if done.returncode or not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["no output"])[-1][:300]
        hint = "pip install 'ossmodelkit[train]'" if "No module named" in last else "report it"
        raise NothingToJudgeError(f"{module.rpartition('.')[2]} failed: {last}", hint=hint)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
