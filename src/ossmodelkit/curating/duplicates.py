"""Rows that say the same: word for word, nearly, or the same question with another label.

Near duplicates: one-permutation MinHash over runs of five words (Li, Owen, Zhang 2012) with rotation
(Shrivastava, Li 2014), which over the sorted numbers of a row is one bisection per bin. Rows that share a
band are compared by their 256 smallest numbers, which is the exact Jaccard index up to 256 runs and within
0.03 beyond. What a row leaves behind is bounded: 128 bytes of bands in memory, a kilobyte in a file.
"""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ossmodelkit.curating.fingerprints import WHOLE, grams

GRAM_WORDS = 5
BANDS = 20
SKETCH = 256
THRESHOLD = 0.5
# A sketch that is cut only estimates: two standard errors (0.03 at 256 numbers) keep false pairs out.
ESTIMATED_THRESHOLD = 0.57
MOST_ROWS = 2**24
COMPARED_IN_A_BUCKET = 12
# A row of stock phrases shares bands with thousands it does not resemble.
MOST_MISSES = 60
REMEMBERED_SKETCHES = 4096
SPOOLED_BYTES = 64 * 1024 * 1024
STARTS = tuple(i * (WHOLE + 1) // (2 * BANDS) for i in range(2 * BANDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two rows by number, the later one first, and how alike they are (Jaccard index, 0 to 1)."""

    later: int
    earlier: int
    alike: float


class NearDuplicates:
    """Takes in rows one by one, then tells which resemble an earlier one. Mutable: one for each run."""

    def __init__(self) -> None:
        self.count = 0
        self._bands = [array("Q") for _ in range(BANDS)]
        self._places = array("Q", [0])
        self._sketches = tempfile.SpooledTemporaryFile(max_size=SPOOLED_BYTES)  # noqa: SIM115
        self._sketch = lru_cache(maxsize=REMEMBERED_SKETCHES)(self._read)
        self.full = False

    def add(self, words: list[str]) -> int:
        """Remember a row; its number, from 0."""
        number = self.count
        if number >= MOST_ROWS:
            self.full = True
            return number
        self.count += 1
        numbers = sorted(set(grams(words, GRAM_WORDS)))
        if numbers:
            self._remember(number, numbers)
        kept = array("I", numbers[:SKETCH])
        self._sketches.write(kept.tobytes())
        self._places.append(self._places[-1] + len(kept))
        return number

    def _remember(self, number: int, numbers: list[int]) -> None:
        size = len(numbers)
        least = [numbers[i] if (i := bisect_left(numbers, start)) < size else numbers[0] for start in STARTS]
        for band, first, second in zip(self._bands, least[:BANDS], least[BANDS:], strict=True):
            band.append((first * 0x85EBCA6B ^ second * 0xC2B2AE35) >> 4 << 24 & 0xFFFFFFFFFFFFFFFF | number)

    def pairs(self) -> Iterator[Pair]:
        """For every row that resembles an earlier one, one such pair."""
        found: dict[int, Pair] = {}
        missed = bytearray(self.count)
        for band in self._bands:
            for rows in _buckets(band):
                for place, later in enumerate(rows):
                    if later not in found and missed[later] < MOST_MISSES:
                        self._compare(later, rows[max(0, place - COMPARED_IN_A_BUCKET) : place], found, missed)
        for number in sorted(found):
            yield found[number]

    def _compare(self, later: int, others: list[int], found: dict[int, Pair], missed: bytearray) -> None:
        for earlier in reversed(others):
            if not self._could_be_alike(earlier, later):
                continue
            alike = _jaccard(self._sketch(earlier), self._sketch(later))
            if alike >= THRESHOLD:
                found[later] = Pair(later=later, earlier=earlier, alike=alike)
                return
            missed[later] = min(255, missed[later] + 1)

    def _could_be_alike(self, one: int, other: int) -> bool:
        """Two sets cannot be more alike than the smaller is to the larger."""
        sizes = (self._places[one + 1] - self._places[one], self._places[other + 1] - self._places[other])
        return min(sizes) >= THRESHOLD * max(sizes)

    def _read(self, number: int) -> frozenset[int]:
        start, end = self._places[number], self._places[number + 1]
        self._sketches.seek(4 * start)
        return frozenset(memoryview(self._sketches.read(4 * (end - start))).cast("I"))


def _buckets(band: array[int]) -> Iterator[list[int]]:
    """Rows that share the upper 40 bits of an entry, in the order of the rows."""
    rows: list[int] = []
    last = -1
    for entry in sorted(band):
        if entry >> 24 != last:
            if len(rows) > 1:
                yield rows
            rows, last = [], entry >> 24
        rows.append(entry & 0xFFFFFF)
    if len(rows) > 1:
        yield rows


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """The Jaccard index of two rows by their smallest numbers; exact where both sketches are whole.

    Where it is only estimated, anything below the higher threshold counts as nothing.
    """
    shared = one & other
    if len(one) < SKETCH and len(other) < SKETCH:
        return len(shared) / (len(one) + len(other) - len(shared)) if shared else 0.0
    if len(shared) < ESTIMATED_THRESHOLD * SKETCH:
        return 0.0
    least = sorted(one | other)[:SKETCH]
    alike = sum(map(shared.__contains__, least)) / len(least)
    return alike if alike >= ESTIMATED_THRESHOLD else 0.0
