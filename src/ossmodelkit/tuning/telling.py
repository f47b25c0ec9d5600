"""From a run record to evidence and to words: what was done, with what, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ossmodelkit.core.plan import MethodName, Plan
from ossmodelkit.core.report import Curve, Table
from ossmodelkit.core.training import RunRecord

BLOCKS = "▁▂▃▄▅▆▇█"
MOST_POINTS = 400


def details(record: RunRecord, plan: Plan, *, record_sha256: str, base_audited: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that finetune evidence holds."""
    whole = plan.method.name is MethodName.FULL or plan.merge
    return {
        "verdict": record.status,
        "base": {"ref": record.base.get("ref", plan.base), "sha256": record.base.get("sha256", "")},
        "base_files": record.base.get("files", {}),
        "base_audited": dict(base_audited),
        "relation": "finetune" if whole else "adapter",
        "method": record.plan.get("method", {}),
        "task": plan.task.value,
        "plan": record.plan,
        "data": {**record.data, "license": plan.data_license} if plan.data_license else record.data,
        "seed": record.seed,
        "metrics": metrics(record),
        "loss_curve": [[step, round(loss, 6)] for step, loss in thinned(record.loss)],
        "evaluations": list(record.evaluations),
        "stages": list(record.stages),
        "environment": record.environment,
        "hardware": record.hardware,
        "fast_path": record.fast_path,
        "parity": record.parity,
        "outputs": record.outputs,
        "resumed_from": list(record.resumed_from),
        "warnings": list(record.warnings),
        "record_sha256": record_sha256,
    }


def metrics(record: RunRecord) -> dict[str, Any]:
    """The summary in numbers. Loss is the mean over the first and the last tenth of the steps."""
    first, last = ends(record.loss)
    return {
        "steps": record.steps,
        "planned_steps": record.planned_steps,
        "first_loss": first,
        "last_loss": last,
        "seconds": record.seconds,
        "tokens": record.tokens,
        "learned_tokens": record.learned_tokens,
        "tokens_per_second": record.tokens_per_second,
        "flops_per_token": record.flops_per_token,
        "flops_per_second": round(record.tokens_per_second * record.flops_per_token),
        "mfu": record.mfu,
        "peak_memory_bytes": record.peak_memory_bytes,
        "trainable_parameters": record.trainable_parameters,
        "parameters": record.parameters,
    }


def ends(loss: Sequence[tuple[int, float]]) -> tuple[float | None, float | None]:
    """Mean loss at the beginning and at the end."""
    if not loss:
        return None, None
    size = max(1, len(loss) // 10)
    first = sum(value for _, value in loss[:size]) / size
    last = sum(value for _, value in loss[-size:]) / size
    return round(first, 4), round(last, 4)


def curves(record: RunRecord) -> tuple[Curve, ...]:
    """The loss of learned rows, and of held-out ones where they were measured more than twice."""
    learned = Curve(title="Loss", over="step", points=tuple((float(s), loss) for s, loss in thinned(record.loss)))
    key = "evaluation_loss"
    held = tuple((float(one["step"]), float(one[key])) for one in record.evaluations if key in one)
    return (learned, Curve(title="Loss of held-out rows", over="step", points=held)) if len(held) > 2 else (learned,)


def thinned(loss: Sequence[tuple[int, float]]) -> Sequence[tuple[int, float]]:
    """At most 400 points, first and last among them."""
    if len(loss) <= MOST_POINTS:
        return loss
    every = (len(loss) - 1) / (MOST_POINTS - 1)
    return [loss[round(index * every)] for index in range(MOST_POINTS)]


def spark(values: Sequence[float], width: int = 32) -> str:
    """The curve in one line of text."""
    if not values:
        return ""
    width = min(width, len(values))
    cut = [values[i * len(values) // width : (i + 1) * len(values) // width] for i in range(width)]
    means = [sum(part) / len(part) for part in cut]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(BLOCKS[round((mean - low) / span * (len(BLOCKS) - 1))] for mean in means)


def tables(record: RunRecord, plan: Plan) -> tuple[Table, ...]:
    """What a person wants to see first."""
    first, last = ends(record.loss)
    share = 100 * record.trainable_parameters / record.parameters if record.parameters else 0.0
    rows = [
        ("base", f"{plan.base}  {str(record.base.get('sha256', ''))[:16]}…"),
        ("data", f"{plan.data}  {record.data.get('used_rows', '?')} rows, {record.data.get('tokens', '?')} tokens"),
        (
            "method",
            f"{plan.method.name}, {record.trainable_parameters:,} of {record.parameters:,} learn ({share:.3g} %)",
        ),
        ("steps", f"{record.steps} of {record.planned_steps} in {record.seconds:.1f} s"),
    ]
    if first is not None and last is not None:
        rows.append(("loss", f"{first:.3f} {spark([value for _, value in record.loss])} {last:.3f}"))
    if record.evaluations:
        rows.append(("held out", _evaluation(record.evaluations)))
    used = effort(record.tokens_per_second * record.flops_per_token, record.mfu)
    rows.append(("speed", f"{record.tokens_per_second:,.0f} tokens/s, {used}, on {_machine(record.hardware)}"))
    rows.append(("memory", f"{record.peak_memory_bytes / 2**20:,.0f} MiB at most"))
    if record.resumed_from:
        rows.append(("resumed", "from step " + ", ".join(map(str, record.resumed_from))))
    if record.parity:
        rows.append(("merge", f"logits differ by {record.parity['relative_difference']:.1e} from base + adapter"))
    found = [Table(title="", columns=("", ""), rows=tuple(rows))]
    if record.stages:
        staged = tuple((str(s["step"]), str(s["stage"]), str(s["learning"])) for s in record.stages)
        found.append(Table(title="Unfreezing", columns=("from step", "joins", "tensors that learn"), rows=staged))
    return tuple(found)


def _evaluation(found: Sequence[Mapping[str, Any]]) -> str:
    """The last evaluation, and what the base had where it was asked before the first step."""
    last, first = found[-1], found[0] if len(found) > 1 and found[0].get("step") == 0 else {}
    parts = []
    for name, form in (("loss", ".3f"), ("accuracy", ".1%")):
        key = f"evaluation_{name}"
        if key in last:
            before = f" (base {first[key]:{form}})" if key in first else ""
            parts.append(f"{name} {last[key]:{form}}{before}")
    rows = f" over {last['n']} rows" if "n" in last else ""
    return (", ".join(parts) or "no number") + rows


def _machine(hardware: Mapping[str, Any]) -> str:
    name = hardware.get("card") or hardware.get("cpu") or "?"
    count = hardware.get("processes", 1)
    return f"{count} × {name}" if count and count > 1 else str(name)


def note(facts: Mapping[str, Any]) -> str:
    """What stands beside the bar after a step."""
    left = int(facts.get("seconds_left", 0))
    return " · ".join(
        (
            f"loss {facts.get('loss', 0.0):.3f}",
            f"{facts.get('tokens_per_second', 0.0):,.0f} tokens/s",
            effort(facts.get("flops_per_second", 0.0), facts.get("mfu", 0.0)),
            f"{facts.get('memory_bytes', 0) / 2**30:.1f} GiB",
            f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left",
        )
    )


def effort(flops_per_second: float, mfu: float) -> str:
    """How hard the machine works: as a share of its rated speed where that is known."""
    return f"MFU {mfu:.0%}" if mfu else f"{flops_per_second / 1e9:,.1f} GFLOP/s"
