"""Every sensible way to run a fine-tuning on given cards, and the ones that no other way beats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from ossmodelkit.estimating.architecture import Architecture, read_architecture
from ossmodelkit.estimating.asking import Money, check_variant, peak_of
from ossmodelkit.estimating.cost import Cost, run_cost
from ossmodelkit.estimating.fitting import Fit, judge_fit, reserved_bytes
from ossmodelkit.estimating.hardware import Cards
from ossmodelkit.estimating.options import Loss, Method, Quantize, StepOptions
from ossmodelkit.estimating.speed import Speed, step_speed
from ossmodelkit.foundation.errors import KitError, NothingToJudgeError

MICRO = (1, 2, 4, 8, 16, 32)
UNPACKING = {Quantize.NONE: 1.0, Quantize.INT8: 1.15, Quantize.NF4: 1.25}  # time of unpacking, against 16-bit weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way: the step of one card, how often it is repeated before the optimizer steps, and what comes out."""

    options: StepOptions
    cards: Cards
    accumulate: int
    fit: Fit
    seconds: float
    cost: Cost

    @property
    def margin(self) -> float:
        """Share of the card that is left."""
        return self.fit.spare_bytes / self.fit.usable_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The front, fastest first, and why cheaper ways fail."""

    front: tuple[Way, ...]
    failing: tuple[Way, ...]
    tried: int


def search(
    config: Mapping[str, Any],
    base: StepOptions,
    cards: tuple[Cards, ...],
    *,
    methods: tuple[Method, ...],
    batch: int,
    money: Money,
) -> Searched:
    """Try every way to take a step of `batch` sequences over all cards.

    Raises `NothingToJudgeError` when none could be judged at all.
    """
    model = read_architecture(config)
    ways = [way for one in cards for way in _ways(model, base, one, methods, batch, money)]
    if not ways:
        raise NothingToJudgeError("no way to run this could be estimated", hint="try kit estimate --trace")
    good = [way for way in ways if way.fit.fits]
    front = sorted((way for way in good if not any(_beats(other, way) for other in good)), key=lambda way: way.seconds)
    bound = front[0].seconds if front else float("inf")
    failing = sorted((way for way in ways if not way.fit.fits and way.seconds < bound), key=lambda way: way.seconds)
    return Searched(front=tuple(front), failing=tuple(failing), tried=len(ways))


def _ways(
    model: Architecture, base: StepOptions, cards: Cards, methods: tuple[Method, ...], batch: int, money: Money
) -> Iterator[Way]:
    spread = (1, cards.count) if cards.count > 1 else (1,)
    for method, quantize, saving, micro, fsdp in product(methods, Quantize, (False, True), MICRO, spread):
        if batch % (micro * cards.count):
            continue
        changes: dict[str, Any] = {"method": method, "quantize": quantize, "checkpointing": saving, "batch": micro}
        try:
            options = replace(base, loss=Loss.CHUNKED, fsdp=fsdp, **changes)
            check_variant(model, options)
            peak = peak_of(model, options)
        except KitError:
            continue
        speed = step_speed(model, options, peak, cards, money.mfu or cards.mfu)
        if speed is None:
            continue
        yield _way(options, cards, batch, judge_fit(reserved_bytes(peak.allocated_bytes, cards), cards), speed, money)


def _way(options: StepOptions, cards: Cards, batch: int, fit: Fit, speed: Speed, money: Money) -> Way:
    accumulate = batch // (options.batch * cards.count)
    slower = UNPACKING[options.quantize]
    slow = replace(
        speed,
        step_seconds=(speed.step_seconds[0] * slower, speed.step_seconds[1] * slower),
        tokens_per_second=(speed.tokens_per_second[0] / slower, speed.tokens_per_second[1] / slower),
    )
    cost = run_cost(slow, cards, money.tokens, money.price, money.pue)
    return Way(
        options=options,
        cards=cards,
        accumulate=accumulate,
        fit=fit,
        seconds=slow.step_seconds[1] * accumulate,
        cost=cost,
    )


def _beats(one: Way, other: Way) -> bool:
    """At least as good in time, cost and margin (in steps of 5 %), better in one; the same method only."""
    if one.options.method is not other.options.method or one is other:
        return False
    mine, theirs = _scores(one), _scores(other)
    return all(a <= b for a, b in zip(mine, theirs, strict=True)) and mine != theirs


def _scores(way: Way) -> tuple[float, float, float]:
    usd = way.cost.usd[1] if way.cost.usd else 0.0
    return (round(way.seconds, 4), round(usd, 4), -round(way.margin * 20))
