"""Which values the records hold, by metric; and which words are the names of metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ossmodelkit.releasing.card import scores
from ossmodelkit.releasing.card.figures import words
from ossmodelkit.releasing.dossier import Dossier

WITHOUT_SPACES = 0x2E80  # from here on, scripts that put no space between words


def metrics_in(text: str) -> tuple[str, ...]:
    """The metrics that a text names, each once, in its own spelling."""
    return tuple({found[0].lower(): found[0] for found in metric_names().finditer(text)}.values())


BOUND = re.compile(
    r"\b(?:interval|ci|confidence|between|bounds?|error|stderr|std|sd|sem)\b|±|\+/-|\d\s*%?\s*[–—-]\s*\d|\d to \d", re.I
)
BASE = re.compile(
    r"\b(?:base(?:line)?s?|before|from|untuned|original|gains?|gained|improv\w+|rose|rises?|raised|drop\w*|fell|points?|pp"
    r"|delta|change[ds]?|difference|than|vs|versus|over|against|compared)\b|[Δ+]", re.I,
)  # fmt: skip


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the records hold, by metric: its values, the bounds of their intervals, and the base with the gain over it.

    A bound proves itself and no score: 0.85 at the end of an interval is not what the model reached.
    """

    values: Mapping[str, list[float]]
    bounds: Mapping[str, list[float]]
    bases: Mapping[str, list[float]]

    def told_by(self, around: str) -> list[Mapping[str, list[float]]]:
        """What a number may mean by the words around it."""
        found = [self.values]
        found += [self.bounds] if BOUND.search(around) else []
        return [*found, self.bases] if BASE.search(around) else found


def recorded(dossier: Dossier) -> Recorded:
    """Everything that the records of a dossier hold, by metric."""
    values: dict[str, list[float]] = {}
    bounds: dict[str, list[float]] = {}
    bases: dict[str, list[float]] = {}
    for score in scores.scores(dossier):
        for name in filter(None, (score.metric, score.task, score.dataset)):
            values.setdefault(_plain(name), []).append(score.value)
            bounds.setdefault(_plain(name), []).extend(score.interval or ())
            bounds[_plain(name)] += [score.error] if score.error is not None else []
            base = score.base
            bases.setdefault(_plain(name), []).extend([] if base is None else [base, score.value - base])
    for record in dossier.records:
        for path, value in _numbers(record.details, ()):
            for key in path:
                if metric_names().fullmatch(key.replace("_", " ")) or "loss" in key:
                    values.setdefault(_plain(key), []).append(value)
    return Recorded(values=values, bounds=bounds, bases=bases)


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
