"""The scores that records hold about these bytes, whatever record they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from ossmodelkit.core.evidence import Kind
from ossmodelkit.releasing.dossier import Dossier

IN_RUN = ("loss", "perplexity", "accuracy", "f1")
SETTINGS = ("seed", "precision", "harness", "shots", "template_sha256", "task_version", "versions", "environment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One measured value, what it was measured on, and how sure it is.

    `interval` is the 95 percent interval, `error` a standard error, `base` the base model's value on
    the same task; None where nobody measured it.
    """

    metric: str
    value: float
    task: str = ""
    dataset: str = ""
    slice: str = ""
    n: int | None = None
    interval: tuple[float, float] | None = None
    error: float | None = None
    base: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def scores(dossier: Dossier) -> tuple[Score, ...]:
    """Every score of the released bytes: evaluation records first, then the run's own evaluation."""
    return (*_evaluated(dossier), *_in_run(dossier))


def _evaluated(dossier: Dossier) -> Iterator[Score]:
    details = dossier.details(Kind.EVALUATE)
    shared = {key: details[key] for key in SETTINGS if details.get(key) not in (None, "", {})}
    for key in ("scores", "results", "metrics"):
        yield from _listed(details.get(key), shared)


def _listed(found: Any, shared: Mapping[str, Any]) -> Iterator[Score]:
    if isinstance(found, Mapping):
        for metric, value in found.items():
            if _is_number(value):
                yield Score(metric=str(metric), value=float(value), settings=shared)
            elif isinstance(value, Mapping) and _is_number(value.get("value")):
                yield _score({"metric": metric, **value}, shared)
    elif isinstance(found, (list, tuple)):
        for one in found:
            if isinstance(one, Mapping) and _is_number(one.get("value")) and one.get("metric"):
                yield _score(one, shared)


def _score(one: Mapping[str, Any], shared: Mapping[str, Any]) -> Score:
    low_high: Any = one.get("interval") or one.get("ci95")
    own = {key: one[key] for key in SETTINGS if one.get(key) not in (None, "", {})}
    return Score(
        metric=str(one["metric"]),
        value=float(one["value"]),
        task=str(one.get("task") or ""),
        dataset=str(one.get("dataset") or ""),
        slice=str(one.get("slice") or ""),
        n=int(one["n"]) if _is_number(one.get("n")) else None,
        interval=(float(low_high[0]), float(low_high[1])) if _is_pair(low_high) else None,
        error=float(one["stderr"]) if _is_number(one.get("stderr")) else None,
        base=float(one["base"]) if _is_number(one.get("base")) else None,
        settings={**shared, **own},
    )


def _in_run(dossier: Dossier) -> Iterator[Score]:
    run = dossier.details(Kind.FINETUNE)
    listed = [one for one in run.get("evaluations", ()) if isinstance(one, Mapping)]
    if not listed:
        return
    last, first = listed[-1], listed[0]
    settings = {key: run[key] for key in SETTINGS if run.get(key) not in (None, "", {})}
    for key, value in last.items():
        metric = key.removeprefix("evaluation_")
        if _is_number(value) and metric in IN_RUN:
            before = first.get(key) if first is not last and first.get("step") == 0 else None
            yield Score(
                metric=f"evaluation {metric}",
                value=float(value),
                task="the run's evaluation data",
                n=next(
                    (int(last[name]) for name in ("n", "rows", "evaluation_rows") if _is_number(last.get(name))), None
                ),
                base=float(before) if before is not None and _is_number(before) else None,
                settings=settings,
            )


def fault_in(found: Any) -> str:
    """Why results that somebody wants to keep as scores would not be read as such; empty when they would."""
    rows = [{"metric": key, **_value(one)} for key, one in found.items()] if isinstance(found, Mapping) else found
    for number, one in enumerate(rows if isinstance(rows, list) else (), 1):
        if not isinstance(one, Mapping) or not isinstance(one.get("metric"), str) or not one["metric"]:
            return f"result {number} names no metric"
        for name in ("value", "base", "n", "stderr"):
            if not _is_number(one.get(name, 0 if name != "value" else None)):
                return f"result {number}: {name} is no number"
        if one.get("interval", [0, 0]) and not _is_pair(one.get("interval", [0, 0])):
            return f"result {number}: interval is no pair of numbers"
    return "" if rows else "there is no result"


def _value(one: Any) -> Mapping[str, Any]:
    return one if isinstance(one, Mapping) else {"value": one}


def _is_pair(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(_is_number(one) for one in value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
