"""What one real card measured, and what estimates for it take from that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire

SCHEMA = "urn:ossmodelkit:calibration:v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """Some real steps: what they held at most, how long they took, and what had been predicted."""

    name: str
    allocated_bytes: int
    reserved_bytes: int
    tokens: int
    seconds: float
    flops: int = 0
    predicted_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that was read off a card. `card` is its id in the catalog, or the driver's name for it."""

    card: str
    driver_name: str
    torch: str
    cuda: str
    date: str
    context_bytes: int
    workspace_bytes: int
    rate_tflops: float
    watts: float | None = None
    runs: tuple[MeasuredRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What later estimates for this card use in place of general figures; ranges are low to high."""

    card: str
    driver_name: str
    torch: str
    cuda: str
    date: str
    context_bytes: int
    workspace_bytes: int
    reserved_over_allocated: tuple[float, float]
    tokens_per_second: tuple[float, float]
    mfu: tuple[float, float]
    matmul_tflops: float
    watts: float | None = None
    predicted_over_measured: tuple[float, float] | None = None
    runs: tuple[MeasuredRun, ...] = ()


def conclude(measured: Measured, dense_tflops: float | None) -> Calibration:
    """The record of a card from what was measured on it; `dense_tflops` is its rate on paper.

    Raises `UsageError` when the measurement holds nothing to conclude from.
    """
    runs = [run for run in measured.runs if run.seconds > 0 and run.allocated_bytes > 0]
    if not runs:
        raise UsageError("the measurement holds no run", hint="run kit calibrate again on an idle card")
    paper = (dense_tflops or measured.rate_tflops) * 1e12
    if paper <= 0:
        raise UsageError("the measurement holds no rate", hint="run kit calibrate again on an idle card")
    guesses = [run.predicted_bytes / run.allocated_bytes for run in runs if run.predicted_bytes]
    return Calibration(
        card=measured.card,
        driver_name=measured.driver_name,
        torch=measured.torch,
        cuda=measured.cuda,
        date=measured.date,
        context_bytes=measured.context_bytes,
        workspace_bytes=measured.workspace_bytes,
        reserved_over_allocated=_span(run.reserved_bytes / run.allocated_bytes for run in runs),
        tokens_per_second=_span(run.tokens / run.seconds for run in runs),
        mfu=_span(min(1.0, run.flops / run.seconds / paper) for run in runs if run.flops),
        matmul_tflops=measured.rate_tflops,
        watts=measured.watts,
        predicted_over_measured=_span(guesses) if guesses else None,
        runs=tuple(runs),
    )


def _span(values: Any) -> tuple[float, float]:
    found = sorted(values)
    return (round(found[0], 4), round(found[-1], 4)) if found else (0.0, 0.0)


def to_record(calibration: Calibration) -> dict[str, Any]:
    """The form that is written to a file."""
    return {"schema": SCHEMA, **to_wire(calibration)}


def from_record(data: Mapping[str, Any], *, where: str) -> Calibration:
    """A record as it was read from the file `where`.

    Raises `UsageError` for a foreign or impossible one: a wrong figure must not make things fit.
    """
    if data.get("schema") != SCHEMA:
        raise UsageError(f"{where} is no calibration record", hint="run kit calibrate, or remove the file")
    found = from_wire(Calibration, {key: value for key, value in data.items() if key != "schema"}, where=where)
    sound = found.context_bytes >= 0 and found.workspace_bytes >= 0 and 1 <= found.reserved_over_allocated[1] < 10
    if not sound or not 0 <= found.mfu[0] <= found.mfu[1] <= 1:
        raise UsageError(f"{where}: its figures cannot be", hint="run kit calibrate again, or remove the file")
    return found


__all__ = ["Calibration", "Measured", "MeasuredRun", "conclude", "from_record", "to_record"]
