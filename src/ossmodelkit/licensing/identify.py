"""Which license a text is: exactly one, one with more around it, a changed one, or nobody knows.

Likeness alone never decides. A text is `exact` only when its words match and none of the words in which
siblings differ is missing or added; otherwise it is `modified`, and the differences are told.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from ossmodelkit.licensing import fingerprints, material, wording
from ossmodelkit.licensing.fingerprints import Known, Library

LIKE_ENOUGH = 0.5  # of a sketch: below, a text is not worth comparing
MOST_COMPARED = 14
SAME = 0.94  # Dice coefficient over word pairs, for texts whose names may be filled in
SAME_STRICT = 0.985
NEAR = 0.70
ANCHORS = 4  # matching pairs in a row that mark where a known text begins or ends
STRAY_WORDS = 40
MOST_TIMES = 8  # a file may hold one text several times, once for each author
SHORT = 40
# Which files a license is about, and no term of it: "except where otherwise noted, all code is licensed …".
SCOPE = re.compile(
    r"(?:except|unless) (?:(?:when|where|as) )?(?:\w+ )?(?:otherwise )?(?:stated|noted|indicated|specified|mentioned)"
)
REFERENCES = (
    (r"apache licen[sc]e,? (?:version )?2(?:\.0)?", "apache-2.0"),
    (r"spdx-license-identifier:\s*(?P<spdx>[\w.+-]+)", ""),
    (r"apache\.org/licenses/license-2\.0", "apache-2.0"),
    (r"opensource\.org/licenses?/(?P<spdx>[\w.+-]+)", ""),
    (r"creativecommons\.org/licenses/(?P<cc>[a-z-]+/[0-9.]+)", ""),
    (r"gnu\.org/licenses/(?P<spdx>[\w.+-]+?)(?:\.html|\.txt)", ""),
    (r"mozilla public licen[sc]e,? v(?:ersion|\.)? ?2\.0", "mpl-2.0"),
    (r"\bmit licen[sc]e\b", "mit"),
    (r"llama (?P<llama>[234](?:\.[0-9])?) community licen[sc]e", ""),
    (r"gemma terms of use", "gemma"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a text was recognised as.

    `result` is exact, exact+extra, modified, reference-only or unresolved; `id` is set for exact,
    exact+extra and reference-only, `nearest` for modified. Only `exact` may satisfy a duty.
    """

    result: str
    id: str = ""
    nearest: str = ""
    score: float = 0.0
    differences: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    kind: str = "license"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How a text compares with one known text."""

    known: Known
    score: float
    outside: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the words inside the matching stretch are those of the known text."""
        return self.score >= (SAME_STRICT if self.known.strict else SAME) and not self.differences

    @property
    def alone(self) -> bool:
        """Whether nothing that matters stands around it."""
        if len(self.outside) > max(STRAY_WORDS, self.known.words // 40):
            return False
        said = SCOPE.sub(" ", " ".join(self.outside))
        return not material.ADDS_TERMS.intersection(said.split())


def identify(text: str, *, library: Library | None = None) -> Identity:
    """What `text` is, by the shipped fingerprints or another library."""
    found = wording.words(text)
    if len(found) < SHORT:
        return _reference(text) or _unreadable(text, found)
    matches = compare(found, text, library or fingerprints.library())
    same = [match for match in matches if match.same]
    whole = [match for match in same if match.alone]
    if whole:
        best = max(whole, key=lambda m: (m.score, m.known.pairs))
        return Identity(result="exact", id=best.known.id, score=best.score, kind=best.known.kind)
    if same:
        return _with_extra(same)
    return _changed(matches) or _reference(text) or _unreadable(text, found)


def compare(found: list[str], text: str, library: Library) -> list[Match]:
    """The likeliest known texts, compared in full, best first."""
    hashes = list(map(wording.pair_hash, found, found[1:]))
    distinct = set(hashes)
    ranked = sorted(
        ((len(distinct.intersection(known.sketch)) / len(known.sketch), index)
         for index, known in enumerate(library.known) if known.sketch),
        reverse=True,
    )  # fmt: skip
    likely = [library.known[index] for share, index in ranked[:MOST_COMPARED] if share >= LIKE_ENOUGH]
    phrases = " ".join(found)
    matches = [_match(known, library.pairs_of(known), found, hashes, phrases) for known in likely]
    return sorted(matches, key=lambda m: -m.score)


def _match(known: Known, pairs: dict[int, int], found: list[str], hashes: list[int], phrases: str) -> Match:
    begin, end, score, times = _best_stretch(known, pairs, hashes)
    words = found[begin : end + 1]
    differences: tuple[str, ...] = ()
    if score >= NEAR:
        differences = _differences(known, words, times)
        differences += _foreign(words, pairs) if known.strict else ()
    differences += tuple(f"misses “{phrase}”" for phrase in known.requires if phrase not in phrases)
    differences += tuple(f"says “{phrase}”" for phrase in known.forbids if phrase in phrases)
    return Match(
        known=known,
        score=round(score, 4),
        outside=tuple(found[:begin] + found[end + 1 :]),
        differences=differences,
    )


def _differences(known: Known, words: list[str], times: int) -> tuple[str, ...]:
    expected = Counter({word: times * count for word, count in known.material.items()})
    seen = material.counts(words)
    if not known.strict:
        expected, seen = map(material.where_names_are_filled_in, (expected, seen))
    return material.differences(expected, seen)


def _best_stretch(known: Known, pairs: dict[int, int], hashes: list[int]) -> tuple[int, int, float, int]:
    """Where the known text lies, how alike the words there are, and how many times it stands there."""
    matched = [pair in pairs for pair in hashes]
    begin, end = _anchored(matched, 0, len(hashes))
    times = min(MOST_TIMES, max(1, round((end - begin) / max(1, known.pairs))))
    whole = _dice(known, pairs, hashes[begin:end], times)
    if whole >= SAME or end - begin < known.pairs * 1.1:
        return begin, end, whole, times
    begin, end = _densest(matched, known.pairs)
    dense = _dice(known, pairs, hashes[begin:end], 1)
    if dense > whole:
        return begin, end, dense, 1
    return *_anchored(matched, 0, len(hashes)), whole, times


def _dice(known: Known, pairs: dict[int, int], hashes: list[int], times: int) -> float:
    common = sum(min(count, times * pairs.get(pair, 0)) for pair, count in Counter(hashes).items())
    return 2 * common / max(1, len(hashes) + times * known.pairs)


def _anchored(matched: list[bool], low: int, high: int) -> tuple[int, int]:
    """From the first run of matching pairs to the last."""
    run, begin, end = 0, -1, low
    for index in range(low, high):
        run = run + 1 if matched[index] else 0
        if run >= ANCHORS:
            begin = index - ANCHORS + 1 if begin < 0 else begin
            end = index + 1
    return max(begin, low), end


def _densest(matched: list[bool], length: int) -> tuple[int, int]:
    """The window of about a known text's length in which most pairs match."""
    length = min(len(matched), length + length // 20)
    current = best = sum(matched[:length])
    start = 0
    for index in range(length, len(matched)):
        current += matched[index] - matched[index - length]
        if current > best:
            best, start = current, index - length + 1
    return _anchored(matched, start, start + length)


def _foreign(words: list[str], pairs: dict[int, int]) -> tuple[str, ...]:
    """Words whose neighbours on both sides are new as well: another name put in."""
    new = [wording.pair_hash(one, other) not in pairs for one, other in pairwise(words)]
    foreign = [word for word, before, after in zip(words[1:], new, new[1:], strict=False) if before and after]
    return tuple(f"other words: “{word}”" for word in dict.fromkeys(foreign))[:8]


def _with_extra(same: list[Match]) -> Identity:
    best = max(same, key=lambda m: (m.known.pairs, m.score))
    also = tuple(dict.fromkeys(m.known.id for m in same if m.known.id != best.known.id))
    extra = " ".join(best.outside[:40])
    return Identity(
        result="exact+extra",
        id=best.known.id,
        score=best.score,
        also=also,
        kind=best.known.kind,
        why=f"{len(best.outside)} more words stand around it: {extra}",
    )


def _changed(matches: list[Match]) -> Identity | None:
    near = [match for match in matches if match.score >= NEAR]
    if not near:
        return None
    best = max(near, key=lambda m: (m.score, -len(m.differences)))
    told = best.differences or (f"{100 * (1 - best.score):.1f} % of the words differ",)
    return Identity(
        result="modified", nearest=best.known.id, score=best.score, differences=told[:12], kind=best.known.kind
    )


def _reference(text: str) -> Identity | None:
    """A title or a link that names a license without its text."""
    from ossmodelkit.licensing import facts

    beginning = " ".join(text[:20_000].split())
    for pattern, license_id in REFERENCES:
        hit = re.search(pattern, beginning, re.I)
        if hit is None:
            continue
        groups = hit.groupdict()
        word = license_id or groups.get("spdx") or ""
        if cc := groups.get("cc"):
            word = "cc-" + cc.replace("/", "-")
        if llama := groups.get("llama"):
            word = f"llama{llama}"
        named = facts.find_name(word).id
        if named:
            return Identity(result="reference-only", id=named, why=f"it names {hit[0]!r} and does not hold its text")
    return None


def _unreadable(text: str, found: list[str]) -> Identity:
    letters = sum(char.isalpha() for char in text[:20_000])
    foreign = sum(ord(char) > 0x2E7F for char in text[:20_000])
    if letters and foreign > letters // 3:
        why = (
            "most of it is in a script whose words are not compared: read it, and name the license with --license-text"
        )
    elif text.lstrip().startswith("%PDF"):
        why = "it is a PDF: save its text and give that with --license-text"
    else:
        why = "no known license is like it" if len(found) >= SHORT else "it is too short to be a license text"
    return Identity(result="unresolved", why=why)
