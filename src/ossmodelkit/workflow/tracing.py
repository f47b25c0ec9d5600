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


def follow(config: Mapping[str, Any], options: StepOptions, *, quick: bool) -> Peak:
    """The peak of a real model's step.

    Raises `NothingToJudgeError` when the training libraries are missing or do not know the model.
    """
    if options.method is Method.INFERENCE:
        raise UsageError("inference is not traced", hint="leave --trace and --quick out")
    answer = _ask({"config": dict(config), "options": to_wire(options), "task": _task(config), "quick": quick})
    if "error" in answer:
        raise NothingToJudgeError(str(answer["error"]), hint=str(answer.get("hint", "")))
    return Peak(
        allocated_bytes=answer["allocated_peak_bytes"],
        phase=answer["peak_phase"],
        categories=categories_of(answer["categories"]),
        phases=dict(answer["phases"]),
        parameters=answer["parameters"],
        trainable_parameters=answer["trainable_parameters"],
    )


def _task(config: Mapping[str, Any]) -> str:
    return outline(config).task


def _ask(request: Mapping[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "request.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        run = [sys.executable, "-W", "ignore", "-m", "ossmodelkit.trainer.tracing", str(path)]
        try:
            done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            raise NothingToJudgeError("the trace took longer than 15 minutes", hint="use --quick") from None
    if done.returncode or not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["no output"])[-1][:300]
        hint = "pip install 'ossmodelkit[train]'" if "No module named" in last else "report it"
        raise NothingToJudgeError(f"the trace failed: {last}", hint=hint)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
