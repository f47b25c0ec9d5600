"""Does the training data hold what the model will be examined on?

Runs of 13 words (Brown et al. 2020, appendix C), of 8 where a text has fewer than 13; texts shorter than 8
words are compared whole. A run that stands in more than ten items is boilerplate and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ossmodelkit.curating.example import Example
from ossmodelkit.curating.fingerprints import digest, grams, words

LONG, SHORT, SHORTEST = 13, 8, 4
BOILERPLATE = 10
Index = dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of an evaluation file: where it stands."""

    path: str
    line: int


@dataclass(slots=True, kw_only=True)
class Examination:
    """The items of the evaluation files by their runs of words, and which were met. Mutable by nature.

    `long` and `short` hold runs of 13 and of 8 words; `inside` holds the runs of 8 of long texts, for short
    rows that were cut out of one.
    """

    items: list[Item] = field(default_factory=list)
    long: Index = field(default_factory=dict)
    short: Index = field(default_factory=dict)
    inside: Index = field(default_factory=dict)
    whole: dict[int, int] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)
    _uses: dict[int, int] = field(default_factory=dict)

    def add(self, example: Example) -> None:
        """Take in one item."""
        number = len(self.items)
        self.items.append(Item(path=example.path, line=example.line))
        for found in texts(example):
            if len(found) >= LONG:
                self._index(self.long, found, LONG, number)
                self._index(self.inside, found, SHORT, number)
            elif len(found) >= SHORT:
                self._index(self.short, found, SHORT, number)
            else:
                self.whole.setdefault(digest(found), number)

    def _index(self, index: Index, found: list[str], length: int, number: int) -> None:
        for gram, place in {gram: place for place, gram in enumerate(grams(found, length))}.items():
            held = index.setdefault(gram, (number, digest(found[place : place + length])))
            if held[0] != number:
                self._uses[gram] = self._uses.get(gram, 1) + 1

    def find(self, example: Example) -> tuple[Item, str] | None:
        """The first item that shares a run with the row, and the words they share; the item is noted as met."""
        for found in texts(example):
            for number, shared in self._shared(found):
                self.met.add(number)
                return self.items[number], shared
        return None

    def _shared(self, found: list[str]) -> Iterator[tuple[int, str]]:
        if len(found) >= LONG:
            yield from self._look_up(self.long, found, LONG)
            yield from self._look_up(self.short, found, SHORT)
        elif len(found) >= SHORT:
            yield from self._look_up(self.short, found, SHORT)
            yield from self._look_up(self.inside, found, SHORT)
        elif (number := self.whole.get(digest(found))) is not None:
            yield number, " ".join(found)

    def _look_up(self, index: Index, found: list[str], length: int) -> Iterator[tuple[int, str]]:
        if not index:
            return
        numbers = grams(found, length)
        if index.keys().isdisjoint(numbers):
            return
        for place, gram in enumerate(numbers):
            held = index.get(gram)
            run = found[place : place + length]
            if held and self._uses.get(gram, 1) <= BOILERPLATE and digest(run) == held[1]:
                yield held[0], " ".join(run)

    def shares(self) -> Iterable[tuple[str, int, int]]:
        """For every evaluation file: its name, how many items it has, how many the training data met."""
        for path in dict.fromkeys(item.path for item in self.items):
            numbers = [number for number, item in enumerate(self.items) if item.path == path]
            yield path, len(numbers), sum(1 for number in numbers if number in self.met)


def texts(example: Example) -> Iterator[list[str]]:
    """The words of every text of a row that is long enough to prove something; system texts are shared by many.

    Of very short texts only questions count: many rows answer "yes".
    """
    if not example.turns:
        yield from (found for _, text in example.texts if len(found := words(text)) >= SHORTEST)
        return
    for turn in example.turns:
        if turn.text and turn.role != "system":
            found = words(turn.text)
            if len(found) >= (SHORT if turn.role == "assistant" else SHORTEST):
                yield found
