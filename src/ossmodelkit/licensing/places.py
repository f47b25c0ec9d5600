"""Where in a text a known text may stand: windows in which most of its word pairs are met, and its first words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import sub

from ossmodelkit.licensing.fingerprints import Known

MOST_PLACES = 200
NEAR = 0.70
ANCHORS = 4  # matching pairs in a row that mark where a known text begins or ends
RUN = b"\1" * ANCHORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a known text may stand: the pairs from `low` up to `high`, by how many of them it has.

    `most` is how many it can have in common at most, once somebody has looked closer; `repeats` is how many of the
    known text's pairs stand in it a second time or more.
    """

    known: Known
    pairs: Mapping[int, int]
    matched: bytes
    low: int
    high: int
    repeats: int = 0
    most: int | None = None

    @property
    def common(self) -> int:
        """The most pairs that both can have in common."""
        return min(self.matched.count(1, self.low, self.high), self.known.pairs) if self.most is None else self.most

    def looked_into(self, hashes: list[int]) -> Place:
        """The same, by which pairs it has: a sibling's own sentence is missed, however often the others are met."""
        different = len(self.pairs.keys() & set(hashes[self.low : self.high]))
        return replace(self, most=min(self.common, different + self.repeats))

    @property
    def likeness(self) -> float:
        """The best score that a stretch in it can have."""
        return 2 * self.common / max(1, self.common + self.known.pairs)

    def outside(self, taken: Iterable[tuple[int, int]]) -> bool:
        """Whether enough of it stands outside of the words that are taken already."""
        free = self.matched.count(1, self.low, self.high)
        for begin, end in taken:
            free -= self.matched.count(1, max(self.low, begin), max(self.low, min(self.high, end - 1)))
        return free >= NEAR * self.known.pairs


def places(known: Known, pairs: Mapping[int, int], matched: bytes, begun: Iterable[int]) -> Iterator[Place]:
    """Each place once; `begun` are the words at which its first pair stands."""
    length = known.pairs + known.pairs // 8
    anchored = (matched.find(RUN, low, low + length) for low in _windows(matched, known.pairs))
    begins = dict.fromkeys((*anchored, *list(begun)[:MOST_PLACES]))
    repeats = known.pairs - sum(map(bool, pairs.values())) if begins else 0
    for low in begins:
        high = matched.rfind(RUN, low, low + length) + ANCHORS
        if low >= 0 and high > low:
            yield Place(known=known, pairs=pairs, matched=matched, low=low, high=high, repeats=repeats)


def _windows(matched: bytes, length: int) -> Iterator[int]:
    """Where a known text of `length` pairs may begin: windows in which more pairs match than around them.

    Where many windows hold as many pairs, the first and the last one: of texts in a row, each begins somewhere else.
    """
    window, half, enough = length + length // 8, max(1, length // 2), int(NEAR * length)
    if matched.count(1) < enough:
        return
    sums = [0, *accumulate(matched + bytes(window))]
    dense = list(map(sub, sums[window:], sums))
    start = count = 0
    while start < len(matched) and count < MOST_PLACES:
        if dense[start] < enough:
            start += enough - dense[start]  # from one window to the next, one pair comes in at most
            continue
        first, last = _summit(dense, start, half)
        yield from dict.fromkeys((first, last))
        count += 1
        start = first + half


def _summit(dense: list[int], start: int, half: int) -> tuple[int, int]:
    """From `start` on, the first and the last of the fullest windows that no fuller one stands close behind."""
    while True:
        near = dense[start : start + half]
        most = max(near)
        if near[0] == most:
            return start, start + len(near) - 1 - near[::-1].index(most)
        start += near.index(most)
