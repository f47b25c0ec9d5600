"""Which values the records hold, by metric; and which words are the names of metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from ossmodelkit.releasing.card import scores
from ossmodelkit.releasing.card.figures import words
from ossmodelkit.releasing.dossier import Dossier

WITHOUT_SPACES = 0x2E80  # from here on, scripts that put no space between words


def metrics_in(text: str) -> tuple[str, ...]:
    """The metrics that a text names, each once, in its own spelling."""
    return tuple({found[0].lower(): found[0] for found in metric_names().finditer(text)}.values())


@cache
def metric_names() -> re.Pattern[str]:
    """The names of all metrics, with their variants (ROUGE-L, pass@1)."""
    every = sorted({*words()["names"], *words()["also"]}, key=len, reverse=True)
    spaced = "|".join(re.escape(name) for name in every if ord(name[0]) < WITHOUT_SPACES)
    cased = "|".join(re.escape(name) for name in words()["cased"])
    dense = "|".join(re.escape(name) for name in every if ord(name[0]) >= WITHOUT_SPACES)
    # The first letters stand before the names: trying hundreds of names at every space of a page takes seconds.
    start = rf"(?<![^\W_])(?<!-)(?=[{_initials((*every, *words()['cased']))}])"
    spaced = rf"{start}(?:{spaced}|(?-i:{cased}))(?:[-@]\w{{1,3}})?(?!\w)"
    return re.compile(rf"{spaced}|(?=[{_initials(every)}])(?:{dense})", re.I)


def _initials(names: Iterable[str]) -> str:
    return "".join(re.escape(letter) for letter in sorted({name[0].lower() for name in names}))


def canonical(name: str) -> str:
    """One spelling for a metric, whatever language or abbreviation it is told in."""
    lowered = name.lower()
    return _plain(words()["also"].get(lowered) or words()["also"].get(re.sub(r"[-@]\w{1,3}$", "", lowered), lowered))


def values_by_metric(dossier: Dossier) -> dict[str, list[float]]:
    """Every recorded value of every metric, with its interval, its error and its gain over the base."""
    known: dict[str, list[float]] = {}
    for score in scores.scores(dossier):
        extra = [score.base] if score.base is not None else []
        extra += list(score.interval or ()) + ([score.error] if score.error is not None else [])
        extra += [score.value - score.base] if score.base is not None else []
        for name in (score.metric, score.task, score.dataset):
            if name:
                known.setdefault(_plain(name), []).extend([score.value, *extra])
    for record in dossier.records:
        for path, value in _numbers(record.details, ()):
            for key in path:
                if metric_names().fullmatch(key.replace("_", " ")) or "loss" in key:
                    known.setdefault(_plain(key), []).append(value)
    return known


def pool(dossier: Dossier) -> Iterator[float]:
    """Every number that a generated block may print."""
    from ossmodelkit.releasing.card import numbers

    for record in dossier.records:
        yield from (value for _, value in _numbers(record.details, ()))
        yield from (float(len(record.asked)), float(len(record.findings)), float(len(record.gaps)))
    for score in scores.scores(dossier):
        if score.base is not None:
            yield score.value - score.base
    yield from numbers.derived(dossier)


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield path, float(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _numbers(inner, path)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
