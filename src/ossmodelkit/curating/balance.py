"""Who and what is in the data, in which proportion, and does it go with the label?

Selection-rate ratio: the lowest share of the favorable label of any group over the highest; below 0.8 is the
four-fifths rule (29 CFR 1607.4 D). PMI: log2 of how much more often a word and a label meet than by chance.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from ossmodelkit.curating.example import Example
from ossmodelkit.curating.fingerprints import WORD
from ossmodelkit.foundation import resources

MOST_GROUPS = 1_000
MOST_LABELS = 200
FEWEST_MEETINGS = 10


@cache
def attribute_words() -> Mapping[str, str]:
    """Words that name a group of people, each with its group (`configs/data/groups.toml`)."""
    loaded = tomllib.loads(resources.config("data", "groups.toml").read_text(encoding="utf-8"))
    return {word: group for group, words in loaded["groups"].items() for word in words}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One value of an attribute: rows, mean length in characters, rows by label."""

    attribute: str
    value: str
    rows: int
    mean_chars: float
    labels: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """A group's words and a label that meet more often (or less often) than by chance."""

    group: str
    label: str
    meetings: int
    pmi: float


class Balance:
    """Counts labels and groups. Mutable: one for each run."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self.attributes = attributes
        self.rows = 0
        self.labels: Counter[str] = Counter()
        self.words: Counter[str] = Counter()
        self.meetings: Counter[tuple[str, str]] = Counter()
        self._rows: dict[tuple[str, str], int] = defaultdict(int)
        self._chars: dict[tuple[str, str], int] = defaultdict(int)
        self._labels: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.absent: Counter[str] = Counter()

    def add(self, example: Example) -> None:
        """Count one row."""
        self.rows += 1
        label = example.label
        if label is not None and (label in self.labels or len(self.labels) < MOST_LABELS):
            self.labels[label] += 1
            groups = {attribute_words().get(word) for word in WORD.findall(example.body.lower())} - {None}
            for group in groups:
                self.words[str(group)] += 1
                self.meetings[str(group), label] += 1
        for attribute in self.attributes:
            self._count(attribute, example)

    def _count(self, attribute: str, example: Example) -> None:
        value = look_up(example.value, attribute)
        if value is None:
            self.absent[attribute] += 1
            return
        key = (attribute, str(value)[:80])
        if key in self._rows or len(self._rows) < MOST_GROUPS:
            self._rows[key] += 1
            self._chars[key] += len(example.body)
            if example.label is not None:
                self._labels[key][example.label] += 1

    def groups(self) -> tuple[Group, ...]:
        """Every value of every declared attribute, most rows first."""
        return tuple(
            Group(
                attribute=key[0],
                value=key[1],
                rows=rows,
                mean_chars=self._chars[key] / rows,
                labels=dict(self._labels[key]),
            )
            for key, rows in sorted(self._rows.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
        )

    def leanings(self) -> Iterator[Leaning]:
        """Groups of words and labels, the strongest leaning first."""
        total = self.labels.total()
        found = [
            Leaning(
                group=group, label=label, meetings=count, pmi=_pmi(count, self.words[group], self.labels[label], total)
            )
            for (group, label), count in self.meetings.items()
            if count >= FEWEST_MEETINGS
        ]
        yield from sorted(found, key=lambda leaning: (-abs(leaning.pmi), leaning.group, leaning.label))


def selection_ratio(groups: tuple[Group, ...], favorable: str) -> float | None:
    """The lowest share of `favorable` in any group over the highest; None where no group ever has it."""
    shares: list[float] = [
        group.labels.get(favorable, 0) / sum(group.labels.values()) for group in groups if group.labels
    ]
    highest = max(shares, default=0.0)
    return min(shares) / highest if highest else None


def _pmi(both: int, one: int, other: int, total: int) -> float:
    return math.log2(both * total / (one * other))


def look_up(value: object, path: str) -> object:
    """The value of a field; dots lead inside, as in `meta.language`. None where there is none."""
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value
