"""The largest batch, sequence or rank that fits a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ossmodelkit.core.report import Table
from ossmodelkit.estimating.architecture import Architecture, read_architecture
from ossmodelkit.estimating.asking import check_variant, peak_of
from ossmodelkit.estimating.fitting import judge_fit, reserved_bytes
from ossmodelkit.estimating.hardware import Cards
from ossmodelkit.estimating.options import StepOptions
from ossmodelkit.foundation.errors import KitError, UsageError

MOST = {"batch": 4096, "seq": 1 << 21, "rank": 4096}


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """The largest value of a field that fits a card; 0 when even 1 does not."""

    gpu: str
    field: str
    value: int


def solve(field: str, config: Mapping[str, Any], options: StepOptions, cards: tuple[Cards, ...]) -> tuple[Solved, ...]:
    """The largest `field` (batch, seq or rank) for each card.

    Raises `UsageError` without a card to solve for.
    """
    if field not in MOST:
        raise UsageError(f"--solve {field!r} is not one of batch, seq, rank")
    if not cards:
        raise UsageError("--solve needs a card to solve for", hint="add --gpu NAME")
    model = read_architecture(config)
    return tuple(
        Solved(gpu=one.accelerator.id, field=field, value=_largest(field, model, options, one)) for one in cards
    )


def _largest(field: str, model: Architecture, options: StepOptions, card: Cards) -> int:
    """Memory never falls when a field grows, so halving finds the border."""
    low, high = 0, MOST[field]
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(model, options, field, middle, card):
            low = middle
        else:
            high = middle - 1
    return low


def _fits(model: Architecture, options: StepOptions, field: str, value: int, card: Cards) -> bool:
    try:
        changed = replace(options, **{field: value})  # type: ignore[arg-type]
        check_variant(model, changed)
        return judge_fit(reserved_bytes(peak_of(model, changed).allocated_bytes, card), card).fits
    except KitError:
        return False


def table(solved: tuple[Solved, ...]) -> Table:
    """One row for each card."""
    rows = tuple((one.gpu, f"--{one.field} {one.value}" if one.value else "nothing fits") for one in solved)
    return Table(title=f"Largest {solved[0].field} that fits", columns=("card", "value"), rows=rows)


def wire(one: Solved) -> dict[str, Any]:
    """The JSON form."""
    return {"gpu": one.gpu, "field": one.field, "value": one.value}
