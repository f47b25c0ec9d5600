"""Hours, energy and money of a run: ranges, and never a price that the user did not set or see."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.estimating.hardware import Cards
from ossmodelkit.estimating.speed import Speed

DUTY = (0.6, 1.0)  # share of the board power limit while training
USUAL_PUE = (1.1, 1.6)  # what a data center draws for each watt of its computers


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Ranges, low to high. `price_from` says whose price it is."""

    tokens: int
    hours: tuple[float, float]
    kwh: tuple[float, float] | None
    usd: tuple[float, float] | None
    usd_per_hour: tuple[float, float] | None
    price_from: str


def run_cost(speed: Speed, cards: Cards, tokens: int, price: float | None, pue: float | None) -> Cost:
    """What training on `tokens` tokens takes."""
    hours = (tokens / speed.tokens_per_second[0] / 3600, tokens / speed.tokens_per_second[1] / 3600)
    watts = cards.accelerator.tdp_w
    around = (pue, pue) if pue else USUAL_PUE
    kwh = None
    if watts:
        drawn = watts * cards.count / 1000
        kwh = (hours[0] * drawn * DUTY[0] * around[0], hours[1] * drawn * DUTY[1] * around[1])
    rates = (price, price) if price is not None else cards.accelerator.usd_per_hour
    usd = (hours[0] * rates[0] * cards.count, hours[1] * rates[1] * cards.count) if rates else None
    whose = "yours" if price is not None else "range seen over providers, no quote" if rates else "none known"
    return Cost(tokens=tokens, hours=hours, kwh=kwh, usd=usd, usd_per_hour=rates, price_from=whose)


# What a run's bill leaves out. Hours are a starting point for a small team; every figure is the user's to set.
HIDDEN = (
    ("license and security audit", 4, 16),
    ("data preparation and checks", 16, 80),
    ("evaluation and diagnosis", 8, 40),
    ("hardening: red team, guardrails", 8, 60),
    ("release: card, signing, archive", 4, 12),
    ("monitoring, per month", 4, 20),
    ("keeping versions, per month", 1, 4),
)


def worksheet(usd_per_person_hour: float | None) -> tuple[tuple[str, str, str], ...]:
    """Rows of (what, hours, cost) with the user's own rate."""
    rows = []
    for what, low, high in HIDDEN:
        money = (
            f"{low * usd_per_person_hour:,.0f} – {high * usd_per_person_hour:,.0f} USD"
            if usd_per_person_hour
            else "set --rate"
        )
        rows.append((what, f"{low} – {high} h", money))
    return tuple(rows)
