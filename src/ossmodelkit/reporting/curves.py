"""A curve as points of a drawing: the numbers of a run over its steps, scaled into a box."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ossmodelkit.core.report import Curve

WIDTH, HEIGHT = 560, 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What the page needs: the line and the words at the ends of both axes."""

    title: str
    points: str
    lowest: str
    highest: str
    first: str
    last: str
    width: int = WIDTH
    height: int = HEIGHT


def draw(curve: Curve) -> Drawing | None:
    """The curve in its box; None with fewer than two points that can be drawn."""
    points = [(x, y) for x, y in curve.points if math.isfinite(x) and math.isfinite(y)]
    if len(points) < 2:
        return None
    (left, right), (low, high) = ((min(values), max(values)) for values in zip(*points, strict=True))
    placed = " ".join(
        f"{WIDTH * _share(x, left, right):.1f},{HEIGHT * (1 - _share(y, low, high)):.1f}" for x, y in points
    )
    return Drawing(
        title=curve.title,
        points=placed,
        lowest=f"{low:.4g}",
        highest=f"{high:.4g}",
        first=f"{curve.over} {left:g}",
        last=f"{curve.over} {right:g}",
    )


def _share(value: float, low: float, high: float) -> float:
    """How far `value` is from `low` to `high`, 0 to 1; by halves, since a float may not hold the whole way."""
    return (value / 2 - low / 2) / ((high / 2 - low / 2) or 1.0)
