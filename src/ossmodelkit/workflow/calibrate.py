"""Measure this machine's card once, so that later estimates rest on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.estimating.architecture import read_architecture
from ossmodelkit.estimating.asking import peak_of
from ossmodelkit.estimating.calibrating import Calibration, Measured, conclude, to_record
from ossmodelkit.estimating.counting import step_flops
from ossmodelkit.estimating.hardware import Accelerator, find
from ossmodelkit.estimating.options import StepOptions
from ossmodelkit.estimating.presenting import gib
from ossmodelkit.formats import strict_json
from ossmodelkit.foundation.errors import NothingToJudgeError, UnreadableError, UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.project import measured as records
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.tracing import ask_trainer

# Small enough for a card of 8 GB, large enough to keep one of 140 GB busy.
MODEL: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 2048,
    "intermediate_size": 5632,
    "num_hidden_layers": 8,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "vocab_size": 32000,
    "max_position_embeddings": 4096,
}
STEPS: tuple[dict[str, Any], ...] = (
    {"method": "lora", "batch": 2, "seq": 1024},
    {"method": "lora", "batch": 4, "seq": 1024, "checkpointing": True, "loss": "chunked"},
    {"method": "full", "batch": 1, "seq": 1024},
    {"method": "dora", "batch": 2, "seq": 512},
    {"method": "prompt", "batch": 4, "seq": 512},
    {"method": "lora", "batch": 4, "seq": 1024, "padded": True, "adapter_dtype": "bf16"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where the record goes, and a measurement that was made before, if one is to be concluded from."""

    everywhere: bool = False
    measurement: str = ""


def calibrate(wanted: Wanted, *, desk: Desk) -> Report:
    """Measure, conclude, and keep the record.

    Raises `NothingToJudgeError` where there is no card to measure.
    """
    raw = _read(wanted.measurement) if wanted.measurement else _measure(desk)
    card = _known(str(raw.get("driver_name", "")))
    raw = {**raw, "card": card.id if card else str(raw.get("driver_name", "")), "date": desk.now.date().isoformat()}
    raw["runs"] = [_with_prediction(run) for run in raw.get("runs", [])]
    found = conclude(from_wire(Measured, raw, where="measurement"), card.rate("bf16") if card else None)
    inside = desk.project is not None and not wanted.everywhere
    folder = records.project_folder(desk.project.root) if inside and desk.project else records.user_folder()
    return _report(found, records.write(folder, found.card, to_record(found)))


def _measure(desk: Desk) -> dict[str, Any]:
    asked = {"config": MODEL, "steps": [to_wire(from_wire(StepOptions, step, where="step")) for step in STEPS]}
    answer = ask_trainer("ossmodelkit.trainer.calibrating", asked)
    if "error" in answer:
        raise NothingToJudgeError(str(answer["error"]), hint=str(answer.get("hint", "")))
    return answer


def _read(path: str) -> dict[str, Any]:
    try:
        value = strict_json.parse(Path(path).read_bytes()).value
    except (OSError, UnreadableError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="give what a run on the card wrote") from error
    if not isinstance(value, dict) or not isinstance(value.get("runs", []), list):
        raise UsageError(f"{path} is no measurement", hint="give what a run on the card wrote")
    return value


def _with_prediction(run: Any) -> Any:
    """A measured run beside what the instant estimate says of it, and its FLOPs."""
    if not isinstance(run, dict) or "options" not in run:
        return run
    options = from_wire(StepOptions, run["options"], where="measurement")
    model = read_architecture(MODEL)
    rest = {key: value for key, value in run.items() if key != "options"}
    flops = step_flops(model, options).total * int(run.get("steps", 1))
    rest.pop("steps", None)
    return {**rest, "flops": flops, "predicted_bytes": peak_of(model, options).allocated_bytes}


def _known(name: str) -> Accelerator | None:
    try:
        return find(name)
    except UsageError:
        return None


def _report(found: Calibration, path: Path) -> Report:
    rows = (
        ("card", found.driver_name),
        ("context", gib(found.context_bytes)),
        ("matrix library", gib(found.workspace_bytes)),
        ("reserved over allocated", f"{found.reserved_over_allocated[0]:.3f} – {found.reserved_over_allocated[1]:.3f}"),
        ("tokens a second", f"{found.tokens_per_second[0]:,.0f} – {found.tokens_per_second[1]:,.0f}"),
        ("share of the dense rate", f"{100 * found.mfu[0]:.1f} – {100 * found.mfu[1]:.1f} %"),
        ("matrix products", f"{found.matmul_tflops:.0f} TFLOP/s"),
        ("power", f"{found.watts:.0f} W" if found.watts else "not readable"),
    )
    runs = tuple(
        (
            run.name,
            gib(run.allocated_bytes),
            gib(run.reserved_bytes),
            _against(run.predicted_bytes, run.allocated_bytes),
        )
        for run in found.runs
    )
    return Report(
        command="calibrate",
        subject=found.driver_name,
        verdict="calibrated",
        outcome=Outcome.PASS,
        summary=f"later estimates for {found.card} use {path}",
        tables=(
            Table(title="", columns=("", ""), rows=rows),
            Table(title="Real steps", columns=("step", "allocated", "reserved", "predicted"), rows=runs),
        ),
        data={"calibration": to_record(found), "path": str(path)},
    )


def _against(predicted: int, measured: int) -> str:
    return f"{gib(predicted)} ({100 * (predicted / measured - 1):+.1f} %)" if predicted else "not predicted"


__all__ = ["Wanted", "calibrate"]
