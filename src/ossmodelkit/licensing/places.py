"""Where in a text a known text may stand: windows in which most of its word pairs are met, and its first words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from operator import sub

from ossmodelkit.licensing.fingerprints import Known

MOST_PLACES = 200
NEAR = 0.70
ANCHORS = 4  # matching pairs in a row that mark where a known text begins or ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a known text may stand: the pairs from `low` up to `high`, by how many of them it has."""

    known: Known
    pairs: Mapping[int, int]
    matched: bytes
    low: int
    high: int

    @property
    def common(self) -> int:
        """The most pairs that both can have in common."""
        return min(self.matched.count(1, self.low, self.high), self.known.pairs)

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
    begins = [(low, min(low + length, len(matched))) for low in begun][:MOST_PLACES]
    for low, high in dict.fromkeys((*_windows(matched, known.pairs), *begins)):
        yield Place(known=known, pairs=pairs, matched=matched, low=low, high=high)


def _windows(matched: bytes, length: int) -> Iterator[tuple[int, int]]:
    """Each place that a known text of `length` pairs may fill: windows in which more pairs match than around them.

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
            start += 1
            continue
        first, last = _summit(dense, start, half)
        yield from dict.fromkeys(_anchored(matched, low, low + window) for low in (first, last))
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


def _anchored(matched: bytes, low: int, high: int) -> tuple[int, int]:
    """From the first run of matching pairs to the last."""
    run = b"\1" * ANCHORS
    begin = matched.find(run, low, high)
    end = matched.rfind(run, low, high) + ANCHORS
    return (begin, end) if begin >= 0 else (low, low)
