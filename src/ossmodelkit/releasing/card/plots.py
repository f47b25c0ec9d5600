"""Small drawings for the card's page: SVG inside the page, no script, no style of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, TypeGuard

from ossmodelkit.core.evidence import Kind
from ossmodelkit.releasing.card import scores
from ossmodelkit.releasing.dossier import Dossier

WIDTH, HEIGHT, EDGE = 560, 200, 44
GIB = 2**30
MOST = 1e12


def plots(dossier: Dossier) -> list[tuple[str, str]]:
    """Title and SVG of every drawing that records can fill."""
    found = [
        ("Loss of the training run", curve(loss_points(dossier.details(Kind.FINETUNE)))),
        ("Evaluation, base and released", bars(evaluation_pairs(dossier))),
        ("Peak memory in GiB, predicted and measured", bars(memory_pair(dossier))),
    ]
    return [(title, svg) for title, svg in found if svg]


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
    """A line through points; empty with fewer than two."""
    if len(points) < 2:
        return ""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low, high = min(ys), max(ys)
    wide, tall = (max(xs) - min(xs)) or 1.0, (high - low) or 1.0
    across, down = (WIDTH - 2 * EDGE) / wide, (HEIGHT - EDGE * 1.5) / tall
    placed = " ".join(f"{EDGE + (x - min(xs)) * across:.1f},{EDGE / 2 + (high - y) * down:.1f}" for x, y in points)
    marks = _text(4, EDGE / 2 + 4, f"{high:.3g}") + _text(4, HEIGHT - EDGE, f"{low:.3g}")
    marks += _text(EDGE, HEIGHT - 8, f"step {min(xs):g}") + _text(WIDTH - EDGE * 2, HEIGHT - 8, f"step {max(xs):g}")
    return _svg(f'<polyline class="line" fill="none" points="{placed}"/>{marks}', HEIGHT)


def bars(values: Sequence[tuple[str, float]]) -> str:
    """One bar a value; empty without any."""
    if not values:
        return ""
    most = max(abs(value) for _, value in values) or 1.0
    inner = ""
    for number, (label, value) in enumerate(values):
        top = 8 + number * 26
        inner += _text(0, top + 13, label)
        inner += f'<rect class="bar" x="220" y="{top}" width="{abs(value) / most * 260:.1f}" height="18"/>'
        inner += _text(486, top + 13, f"{value:.4g}")
    return _svg(inner, 16 + 26 * len(values))


def _svg(inner: str, height: float) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" role="img">{inner}</svg>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}">{escape(text[:40])}</text>'


def _pair(value: Any) -> tuple[Any, Any]:
    return (value[0], value[1]) if isinstance(value, (list, tuple)) and len(value) >= 2 else (None, None)


def _is_finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and value == value and abs(value) < MOST
