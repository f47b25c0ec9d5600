"""Where known license texts stand inside a text, and how the words there differ from them.

A file may hold one text, one text many times (once for each author), or a dozen texts. Every place is found
on its own, so that what is missing in one is not made up for by what another says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush, nlargest

from ossmodelkit.licensing import material, wording
from ossmodelkit.licensing.fingerprints import Known, Library
from ossmodelkit.licensing.places import NEAR, Place, places

LIKE_ENOUGH = 0.5  # of a sketch: below, a text is not worth comparing
MOST_COMPARED = 48
MOST_MEASURED, MOST_TOLD = 8, 3  # where no known text stands: of the places, to name the nearest
SAME = 0.94  # Dice coefficient over word pairs, for texts whose names may be filled in
SAME_LONG = 0.99  # for texts so long that a name is no part of the score
SAME_STRICT = 0.985
LONG = 600  # words
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
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A text against all that is like it.

    `held` are the known texts that stand in it, in order; where two overlap, the one that explains more.
    `nearest` is the likeliest of the others, where none stands in it. `matched` tells for each license which
    words of the text occur in its own.
    """

    held: tuple[Stretch, ...]
    nearest: Stretch | None
    matched: dict[str, list[bytes]]


def compare(found: list[str], library: Library) -> Compared:
    """Hold the words of a text against every known text that shares enough of them."""
    hashes = list(map(wording.pair_hash, found, found[1:]))
    likely: list[Place] = []
    matched: dict[str, list[bytes]] = {}
    at: dict[int, list[int]] = {}
    for index, pair in enumerate(hashes):
        at.setdefault(pair, []).append(index)
    for known in _likely(at.keys(), library):
        pairs = library.pairs_of(known)
        here = bytes(map(pairs.__contains__, hashes))
        matched.setdefault(known.id, []).append(here)
        likely += places(known, pairs, here, at.get(known.first, ()))
    held = _held(likely, found, hashes)
    return Compared(held=held, nearest=None if held else _nearest(likely, found, hashes), matched=matched)


def _held(likely: list[Place], found: list[str], hashes: list[int]) -> tuple[Stretch, ...]:
    """The best first. A place waits with the best gain it can have, so most are never looked into."""
    waiting: list[tuple[tuple[float, bool, int, str], int, Place | Stretch]] = [
        (_order(one), number, one) for number, one in enumerate(likely) if one.likeness >= _enough(one.known)
    ]
    heapify(waiting)
    taken: list[Stretch] = []
    while waiting:
        _, number, one = heappop(waiting)
        if isinstance(one, Stretch):
            if all(one.end <= other.begin + 1 or other.end <= one.begin + 1 for other in taken):
                taken.append(one)
        elif not one.outside((other.begin, other.end) for other in taken):
            continue
        elif one.most is None:
            closer = one.looked_into(hashes)
            if closer.likeness >= _enough(one.known):
                heappush(waiting, (_order(closer), number, closer))
        else:
            stretch = _measured(one, found, hashes)
            if stretch.score >= _enough(one.known) and not _told(one, stretch, found, hashes).differences:
                heappush(waiting, (_order(stretch), number, stretch))
    return tuple(sorted(taken, key=lambda s: s.begin))


def _order(one: Place | Stretch) -> tuple[float, bool, int, str]:
    """What comes first: the higher gain, and a place before a stretch, since it may hold a better one."""
    if isinstance(one, Stretch):
        return -one.gain, True, one.begin, one.known.source
    gain = one.common - UNEXPLAINED_COSTS * (one.known.pairs - one.common)
    return -gain, False, one.low, one.known.source


def _nearest(likely: list[Place], found: list[str], hashes: list[int]) -> Stretch | None:
    """The likeliest place, with its differences."""
    best_first = nlargest(MOST_MEASURED, likely, key=lambda one: one.likeness)
    measured = [(one, _measured(one, found, hashes)) for one in best_first]
    best = nlargest(MOST_TOLD, measured, key=lambda pair: pair[1].score)
    told = [_told(one, stretch, found, hashes) for one, stretch in best if stretch.score >= NEAR]
    return max(told, key=lambda s: (s.score, -len(s.differences)), default=None)


def _enough(known: Known) -> float:
    if known.strict:
        return SAME_STRICT
    return SAME_LONG if known.words >= LONG else SAME


def _likely(distinct: Set[int], library: Library) -> list[Known]:
    ranked = sorted(
        ((hits / len(library.known[index].sketch), index) for index, hits in library.sketched(distinct).items()),
        reverse=True,
    )
    return [library.known[index] for share, index in ranked[:MOST_COMPARED] if share >= LIKE_ENOUGH]


def _trimmed(pairs: Mapping[int, int], hashes: list[int], begin: int, end: int) -> tuple[int, int]:
    """The place without the like words that happen to stand before and after it: a notice, a reference."""
    end = begin + _worth_keeping(pairs, hashes[begin:end])
    return end - _worth_keeping(pairs, hashes[begin:end][::-1]), end


def _worth_keeping(pairs: Mapping[int, int], hashes: list[int]) -> int:
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


def _measured(place: Place, found: list[str], hashes: list[int]) -> Stretch:
    """The stretch in a place and its score; its differences are told apart."""
    known, pairs = place.known, place.pairs
    begin, end = _trimmed(pairs, hashes, place.low, place.high)
    common = _common(pairs, hashes[begin:end])
    return Stretch(
        known=known,
        begin=begin,
        end=begin + len(found[begin : end + 1]),
        score=round(2 * common / max(1, end - begin + known.pairs), 4),
        gain=common - UNEXPLAINED_COSTS * (end - begin + known.pairs - 2 * common),
    )


def _told(place: Place, stretch: Stretch, found: list[str], hashes: list[int]) -> Stretch:
    """The stretch with what differs there."""
    words, here = found[stretch.begin : stretch.end], slice(stretch.begin, max(stretch.begin, stretch.end - 1))
    reworded = any(place.pairs.get(pair) == 0 for pair in hashes[here])
    matched = place.matched[here]
    missing = place.known.pairs - _common(place.pairs, hashes[here])
    return replace(stretch, differences=_differences(place.known, words, matched, missing, reworded=reworded))


def _common(pairs: Mapping[int, int], hashes: list[int]) -> int:
    counts = Counter(hashes)
    both = counts.keys() & pairs.keys()
    return sum(map(min, map(counts.__getitem__, both), map(pairs.__getitem__, both)))


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
    blanks = frozenset(known.blanks)
    for begin, end in _runs(matched):
        if end - begin > LONGEST_NAME or not _in_a_blank(blanks, words, begin, end):
            told.append(f"other words: “{' '.join(words[begin : end + 1][:12])}”")
    return tuple(told[:8])


def _in_a_blank(blanks: frozenset[int], words: list[str], begin: int, end: int) -> bool:
    """Whether a name stands there, some of whose words may be those of the known text: "copyright owner or"."""
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
