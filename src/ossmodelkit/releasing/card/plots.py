"""Small drawings for the card's page: SVG inside the page, no script, no style of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeGuard

from ossmodelkit.core.evidence import Kind
from ossmodelkit.releasing.card import scores
from ossmodelkit.releasing.dossier import Dossier

WIDTH, HEIGHT, EDGE = 640, 220, 48
LABELS, NUMBERS = 230, 70
GIB = 2**30
MOST = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """An SVG with its title, and the generated block of the card that it belongs to."""

    block: str
    title: str
    svg: str


def plots(dossier: Dossier) -> list[Drawing]:
    """Every drawing that records can fill."""
    found = [
        ("training", "Loss of the training run, by step", curve(loss_points(dossier.details(Kind.FINETUNE)))),
        ("training", "Peak memory in GiB, predicted and measured", bars(memory_pair(dossier))),
        ("evaluation", "Evaluation, base and released", bars(evaluation_pairs(dossier))),
    ]
    return [Drawing(block=block, title=title, svg=svg) for block, title, svg in found if svg]


def loss_points(run: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The recorded loss as (step, value)."""
    listed = run.get("loss_curve") or run.get("loss") or ()
    points = []
    for one in listed if isinstance(listed, (list, tuple)) else ():
        step, loss = (one.get("step"), one.get("loss")) if isinstance(one, Mapping) else _pair(one)
        if _is_finite(step) and _is_finite(loss):
            points.append((float(step), float(loss)))
    return points


def evaluation_pairs(dossier: Dossier) -> list[tuple[str, float]]:
    """Each score that was measured on the base as well: base first, then the release."""
    found: list[tuple[str, float]] = []
    for score in scores.scores(dossier)[:4]:
        if score.base is not None:
            found += [(f"{score.metric}, base", score.base), (f"{score.metric}, released", score.value)]
    return found


def memory_pair(dossier: Dossier) -> list[tuple[str, float]]:
    """Predicted and measured peak memory of the run, when both are on record."""
    run = dossier.details(Kind.FINETUNE)
    metrics = run.get("metrics")
    measured = metrics.get("peak_memory_bytes") if isinstance(metrics, Mapping) else None
    told = metrics.get("predicted") if isinstance(metrics, Mapping) else None
    predicted = told.get("allocated_peak_bytes") if isinstance(told, Mapping) else None
    if not isinstance(measured, (int, float)) or not isinstance(predicted, (int, float)):
        return []
    return [("predicted", predicted / GIB), ("measured", measured / GIB)]


def curve(points: Sequence[tuple[float, float]]) -> str:
    """A line through points, over a grid of four heights; empty with fewer than two."""
    if len(points) < 2:
        return ""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys), max(ys)
    wide, tall = (max(xs) - min(xs)) or 1.0, (high - low) or 1.0
    across, down = (WIDTH - EDGE - 8) / wide, (HEIGHT - EDGE) / tall
    placed = " ".join(f"{EDGE + (x - min(xs)) * across:.1f},{8 + (high - y) * down:.1f}" for x, y in points)
    grid = "".join(_height(8 + (high - y) * down, y) for y in (high, low + tall * 2 / 3, low + tall / 3, low))
    floor = HEIGHT - EDGE + 28
    steps = _text(EDGE, floor, f"{min(xs):g}", "tick") + _text(WIDTH - 8, floor, f"{max(xs):g}", "tick", end=True)
    return _svg(f'{grid}{steps}<polyline class="line" fill="none" points="{placed}"/>', HEIGHT - EDGE + 36)


def _height(at: float, value: float) -> str:
    line = f'<line class="grid" x1="{EDGE}" x2="{WIDTH - 8}" y1="{at:.1f}" y2="{at:.1f}"/>'
    return line + _text(EDGE - 8, at + 4, f"{value:.3g}", "tick", end=True)


def bars(values: Sequence[tuple[str, float]]) -> str:
    """One bar a value, in pairs: what it is held against first, in a quieter color; empty without any."""
    if not values:
        return ""
    most = max(abs(value) for _, value in values) or 1.0
    room, inner = WIDTH - LABELS - NUMBERS, ""
    for number, (label, value) in enumerate(values):
        top, wide = 4 + number * 24 + number // 2 * 8, abs(value) / most * room
        kind = "bar base" if number % 2 == 0 else "bar"
        inner += _text(0, top + 13, label)
        inner += f'<rect class="{kind}" x="{LABELS}" y="{top}" width="{wide:.1f}" height="18" rx="2"/>'
        inner += _text(LABELS + wide + 8, top + 13, f"{value:.4g}")
    return _svg(inner, 8 + 24 * len(values) + (len(values) - 1) // 2 * 8)


def _svg(inner: str, height: float) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" role="img">{inner}</svg>'


def _text(x: float, y: float, text: str, kind: str = "", *, end: bool = False) -> str:
    how = (f' class="{kind}"' if kind else "") + (' text-anchor="end"' if end else "")
    return f'<text x="{x:.0f}" y="{y:.0f}"{how}>{escape(text[:36])}</text>'


def _pair(value: Any) -> tuple[Any, Any]:
    return (value[0], value[1]) if isinstance(value, (list, tuple)) and len(value) >= 2 else (None, None)


def _is_finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and value == value and abs(value) < MOST
