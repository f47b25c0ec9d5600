"""Sentences that try to take over a model; the patterns lie in `configs/data/phrases.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from ossmodelkit.foundation import resources
from ossmodelkit.foundation.wire import from_wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One way of taking over: its name for people, the literals it needs, its pattern."""

    name: str
    marks: tuple[str, ...]
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """All ways."""

    phrase: tuple[Phrase, ...]


@cache
def _shipped() -> tuple[tuple[Phrase, re.Pattern[str]], ...]:
    path = resources.config("data", "phrases.toml")
    phrases = from_wire(Phrases, tomllib.loads(path.read_text(encoding="utf-8")), where=str(path)).phrase
    return tuple((phrase, re.compile(phrase.pattern, re.IGNORECASE)) for phrase in phrases)


@cache
def _marks() -> tuple[str, ...]:
    """The fewest literals, one of which stands in every text that any pattern can match."""
    marks = {mark for phrase, _ in _shipped() for mark in phrase.marks}
    return tuple(sorted(mark for mark in marks if not any(other in mark for other in marks - {mark})))


def may_hold_one(text: str) -> bool:
    """Whether a literal stands in the text that every such sentence of some kind has."""
    low = text.lower()
    for mark in _marks():  # noqa: SIM110 - twice as fast as any(), and asked of every row
        if mark in low:
            return True
    return False


def find(text: str) -> Iterator[tuple[str, str]]:
    """The first sentence of each kind in `text`, as (kind, what it says)."""
    low = text.lower()
    told: set[str] = set()
    for phrase, pattern in _shipped():
        wanted = phrase.name not in told and any(mark in low for mark in phrase.marks)
        if wanted and (match := pattern.search(text)):
            told.add(phrase.name)
            yield phrase.name, " ".join(match[0].split())
