"""What the estimate says of a plan, before it is run: the two rooms meet here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ossmodelkit.core.plan import MethodName, Plan, Weights
from ossmodelkit.core.training import Job, RunRecord
from ossmodelkit.foundation.errors import KitError, UsageError
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.estimate import Question, estimate

DTYPES = {Weights.FP32: "fp32", Weights.BF16: "bf16", Weights.NF4: "bf16"}
QUANTIZED = {Weights.INT8: "int8", Weights.NF4: "nf4"}


def needed(job: Job, desk: Desk) -> dict[str, int]:
    """Bytes on a card with every activation kept, and with all blocks recomputed; empty where nobody asks or knows."""
    plan = job.plan
    if plan.speed.recompute != "auto" or plan.devices.kind == "cpu":
        return {}
    ways = {"keep": False, "recompute": True}
    found = {name: predicted(job, desk, checkpointing=way) for name, way in ways.items()}
    return (
        {} if any("reason" in one for one in found.values()) else {n: one["on_card_bytes"] for n, one in found.items()}
    )


def predicted(job: Job, desk: Desk, **changed: bool) -> dict[str, Any]:
    """The peak of one step of the plan in bytes with rows at their longest, or why there is none."""
    from ossmodelkit.estimating.options import Attention, Dtype, Loss, Method, Quantize

    plan = job.plan
    words = options(plan) | changed
    typed = {"method": Method, "quantize": Quantize, "dtype": Dtype, "attention": Attention, "loss": Loss}
    given = {name: typed[name](value) if name in typed else value for name, value in words.items()}
    try:
        report = estimate(job.base, Question(options=given), desk=replace(desk, project=None))
    except KitError as error:
        return {"reason": error.message}
    if "memory" not in report.data:
        return {"reason": report.summary}
    return {**report.data["memory"], "tier": report.data["tier"], "tokens": words["batch"] * words["seq"]}


def measured(record: RunRecord, told: Mapping[str, Any]) -> dict[str, Any]:
    """What the run held at most, beside what was predicted; without a card nothing that can be compared.

    On a CPU only the whole process is seen: the interpreter, the libraries and freed memory are in it.
    """
    if record.hardware.get("device") != "cuda":
        return {"reason": "not measured: without a card only the memory of the whole process is seen"}
    found: dict[str, Any] = {"allocated_peak_bytes": record.peak_memory_bytes, "card": record.hardware.get("card", "")}
    guess = told.get("allocated_peak_bytes")
    if isinstance(guess, int) and record.peak_memory_bytes:
        found["predicted_over_measured"] = round(guess / record.peak_memory_bytes, 4)
    return found


def append_run(path: Path, facts: Mapping[str, Any], now: datetime) -> None:
    """One JSON line with what was predicted and measured, at the end of `path`.

    Raises `UsageError` when the file cannot be written.
    """
    metrics = facts["metrics"]
    line = {
        "schema": "urn:ossmodelkit:measured-run:v1",
        "created": now.isoformat(),
        "payload_sha256": facts["payload_sha256"],
        **{name: metrics.get(name) for name in ("predicted", "measured", "tokens_per_second")},
    }
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, sort_keys=True) + "\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="check the folder and its rights") from error


def options(plan: Plan) -> dict[str, Any]:
    """The plan in the words of `kit estimate`."""
    method = plan.method
    packed = plan.speed.packing and plan.task == "causal-lm" and method.name is not MethodName.PROMPT_TUNING
    targets = (method.targets,) if isinstance(method.targets, str) else method.targets
    if method.name is MethodName.IA3 and targets == ("all-linear",):
        targets = ("default",)  # keys, values and the second matrix of the feed-forward part
    found: dict[str, Any] = {
        "method": "prompt" if method.name is MethodName.PROMPT_TUNING else method.name.value,
        "quantize": QUANTIZED.get(plan.weights, "none"),
        "batch": plan.train.rows_at_once,
        "seq": plan.train.seq,
        "rank": method.rank,
        "targets": targets,
        "prompt_tokens": method.virtual_tokens,
        "checkpointing": plan.speed.recompute is True,
        "loss": "chunked" if plan.speed.chunked_loss and packed else "full",
        "attention": "varlen" if packed else "sdpa",
    }
    return found | ({"dtype": DTYPES[plan.weights]} if plan.weights in DTYPES else {})
