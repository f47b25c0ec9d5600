"""Where known license texts stand inside a text, and how the words there differ from them.

A file may hold one text, one text many times (once for each author), or a dozen texts. Every place is found
on its own, so that what is missing in one is not made up for by what another says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from operator import sub

from ossmodelkit.licensing import material, wording
from ossmodelkit.licensing.fingerprints import Known, Library

LIKE_ENOUGH = 0.5  # of a sketch: below, a text is not worth comparing
MOST_COMPARED = 48
MOST_PLACES = 200
SAME = 0.94  # Dice coefficient over word pairs, for texts whose names may be filled in
SAME_LONG = 0.99  # for texts so long that a name is no part of the score
SAME_STRICT = 0.985
LONG = 600  # words
NEAR = 0.70
ANCHORS = 4  # matching pairs in a row that mark where a known text begins or ends
LONGEST_NAME = 40  # words in a row where a name is filled in
NAME_AROUND = 8  # words of such a name that the known text has as well
STRAY_PAIRS = 4  # of a long text: an address, a date on a heading
PAIRS_OF_A_NAME = 8  # of the known text, that a filled-in name may take the place of
UNEXPLAINED_COSTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A known text, or something near it, from word `begin` up to word `end`."""

    known: Known
    begin: int
    end: int
    score: float
    gain: int
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the words of the stretch are those of the known text."""
        return self.score >= self._enough and not self.differences

    @property
    def _enough(self) -> float:
        if self.known.strict:
            return SAME_STRICT
        return SAME_LONG if self.known.words >= LONG else SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A text against all that is like it: every stretch, and which words occur in which known text."""

    stretches: tuple[Stretch, ...]
    matched: dict[str, list[bytes]]

    @property
    def held(self) -> tuple[Stretch, ...]:
        """The known texts that stand in it, in order; where two overlap, the one that explains more."""
        taken: list[Stretch] = []
        for one in sorted((s for s in self.stretches if s.same), key=lambda s: (-s.gain, s.begin, s.known.source)):
            if all(one.end <= other.begin + 1 or other.end <= one.begin + 1 for other in taken):
                taken.append(one)
        return tuple(sorted(taken, key=lambda s: s.begin))

    @property
    def nearest(self) -> Stretch | None:
        """The likeliest of those that are not the same."""
        near = [one for one in self.stretches if one.score >= NEAR]
        return max(near, key=lambda s: (s.score, -len(s.differences)), default=None)


def compare(found: list[str], library: Library) -> Compared:
    """Hold the words of a text against every known text that shares enough of them."""
    hashes = list(map(wording.pair_hash, found, found[1:]))
    stretches: list[Stretch] = []
    matched: dict[str, list[bytes]] = {}
    for known in _likely(set(hashes), library):
        pairs = library.pairs_of(known)
        here = bytes(map(pairs.__contains__, hashes))
        matched.setdefault(known.id, []).append(here)
        for low, high in _places(here, known.pairs):
            begin, end = _trimmed(pairs, hashes, low, high)
            stretches.append(_stretch(known, pairs, found[begin : end + 1], hashes[begin:end], here[begin:end], begin))
    return Compared(stretches=tuple(stretches), matched=matched)


def _likely(distinct: set[int], library: Library) -> list[Known]:
    ranked = sorted(
        ((len(distinct.intersection(known.sketch)) / len(known.sketch), index)
         for index, known in enumerate(library.known) if known.sketch),
        reverse=True,
    )  # fmt: skip
    return [library.known[index] for share, index in ranked[:MOST_COMPARED] if share >= LIKE_ENOUGH]


def _places(matched: bytes, length: int) -> Iterator[tuple[int, int]]:
    """Each place that a known text of `length` pairs may fill: windows in which most pairs match."""
    window = min(len(matched), length + length // 8)
    if not window:
        return
    sums = [0, *accumulate(matched)]
    dense = list(map(sub, sums[window:], sums))
    enough = int(NEAR * min(window, length))
    start = count = 0
    while start < len(dense) and count < MOST_PLACES:
        if dense[start] < enough:
            start += 1
            continue
        near = dense[start : start + window]
        best = start + near.index(max(near))
        begin, end = _anchored(matched, best, best + window)
        yield begin, end
        count += 1
        start = max(end, best + 1)


def _anchored(matched: bytes, low: int, high: int) -> tuple[int, int]:
    """From the first run of matching pairs to the last."""
    run = b"\1" * ANCHORS
    begin = matched.find(run, low, high)
    end = matched.rfind(run, low, high) + ANCHORS
    return (begin, end) if begin >= 0 else (low, low)


def _trimmed(pairs: dict[int, int], hashes: list[int], begin: int, end: int) -> tuple[int, int]:
    """The place without the like words that happen to stand before and after it: a notice, a reference."""
    end = begin + _worth_keeping(pairs, hashes[begin:end])
    return end - _worth_keeping(pairs, hashes[begin:end][::-1]), end


def _worth_keeping(pairs: dict[int, int], hashes: list[int]) -> int:
    """How many pairs from the first one on explain most and leave least open."""
    left = dict(pairs)
    gain = best = kept = 0
    for count, pair in enumerate(hashes, 1):
        if left.get(pair, 0):
            left[pair] -= 1
            gain += 1 + UNEXPLAINED_COSTS
            if gain > best:
                best, kept = gain, count
        else:
            gain -= UNEXPLAINED_COSTS
    return kept


def _stretch(
    known: Known, pairs: dict[int, int], words: list[str], hashes: list[int], matched: bytes, begin: int
) -> Stretch:
    common = sum(min(count, pairs.get(pair, 0)) for pair, count in Counter(hashes).items())
    score = 2 * common / max(1, len(hashes) + known.pairs)
    differences: tuple[str, ...] = ()
    reworded = any(pairs.get(pair) == 0 for pair in hashes)
    if score >= NEAR:
        differences = _differences(known, words, matched, known.pairs - common, reworded=reworded)
    return Stretch(
        known=known,
        begin=begin,
        end=begin + len(words),
        score=round(score, 4),
        gain=common - UNEXPLAINED_COSTS * (len(hashes) + known.pairs - 2 * common),
        differences=differences,
    )


def _differences(known: Known, words: list[str], matched: bytes, missing: int, *, reworded: bool) -> tuple[str, ...]:
    phrases = f" {' '.join(words)} "
    told = tuple(f"misses “{phrase}”" for phrase in known.requires if f" {phrase} " not in phrases)
    told += tuple(f"says “{phrase}”" for phrase in known.forbids if f" {phrase} " in phrases)
    expected, seen = Counter(known.material), material.counts(words)
    if not known.strict:
        expected, seen = map(material.where_names_are_filled_in, (expected, seen))
    return (
        *material.differences(expected, seen),
        *told,
        *_put_in(known, words, matched),
        *_left_out(known, words, matched, missing, reworded=reworded),
    )


def _runs(matched: bytes) -> list[tuple[int, int]]:
    """The runs of pairs that the known text does not have, as (first, behind the last)."""
    found, at = [], matched.find(0)
    while at >= 0:
        end = matched.find(1, at)
        end = len(matched) if end < 0 else end
        found.append((at, end))
        at = matched.find(0, end)
    return found


def _put_in(known: Known, words: list[str], matched: bytes) -> tuple[str, ...]:
    """Words put in, or left out between two others, where the known text has no blank for a name."""
    told = []
    for begin, end in _runs(matched):
        if end - begin > LONGEST_NAME or not _in_a_blank(known, words, begin, end):
            told.append(f"other words: “{' '.join(words[begin : end + 1][:12])}”")
    return tuple(told[:8])


def _in_a_blank(known: Known, words: list[str], begin: int, end: int) -> bool:
    """Whether a name stands there, some of whose words may be those of the known text: "copyright owner or"."""
    blanks = frozenset(known.blanks)
    for before in range(begin, max(-1, begin - NAME_AROUND), -1):
        for behind in range(end, min(len(words), end + NAME_AROUND)):
            if wording.pair_hash(words[before], words[behind]) in blanks:
                return not (material.ADDS_TERMS - material.IN_NAMES).intersection(words[before + 1 : behind])
    return False


def _left_out(known: Known, words: list[str], matched: bytes, missing: int, *, reworded: bool) -> tuple[str, ...]:
    """Pairs of the known text that neither a name nor another way to say it took the place of."""
    headed = len(words) > 1 and wording.pair_hash(words[0], words[1]) == known.first
    room = PAIRS_OF_A_NAME * (len(_runs(matched)) + reworded) + (0 if headed else known.title)
    room += STRAY_PAIRS if known.words >= LONG and not known.strict else 0
    return (f"{missing} of its word pairs are missing",) if missing > room else ()
