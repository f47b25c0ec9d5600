"""From what a card or a scenario declares to license ids: one id, a list, or an SPDX expression."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ossmodelkit.licensing import facts

# From what binds least to what binds most: an OR lets the licensee choose.
LENIENT_FIRST = (
    "public-domain", "permissive", "attribution-data", "weak-copyleft", "strong-copyleft", "network-copyleft",
    "use-restricted", "community-with-threshold", "proprietary-terms", "noncommercial", "research-only",
)  # fmt: skip
LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The ids that all apply; `issue` says what stayed open, and why."""

    ids: tuple[str, ...] = ()
    issue: str = ""
    fix: str = ""


def resolve(declared: str | tuple[str, ...] | None) -> Resolved:
    """What applies. A list means that every entry applies: a card does not say which to choose."""
    words = (declared,) if isinstance(declared, str) else tuple(declared or ())
    if not any(word.strip() for word in words):
        return Resolved(issue="no license is named: without one nothing is permitted")
    ids: list[str] = []
    problems: list[Resolved] = []
    for word in words:
        one = _expression(word[:LONGEST])
        ids += one.ids
        if one.issue:
            problems.append(one)
    first = problems[0] if problems else Resolved()
    return Resolved(ids=tuple(dict.fromkeys(ids)), issue="; ".join(p.issue for p in problems), fix=first.fix)


def _expression(word: str) -> Resolved:
    whole = resolve_word(word)
    if whole.ids or not re.search(r"\b(AND|OR|WITH)\b", word):
        return whole
    ids: list[str] = []
    issues: list[Resolved] = []
    for group in re.split(r"\bAND\b", word.replace("(", " ").replace(")", " ")):
        options = [resolve_word(re.split(r"\bWITH\b", option)[0].strip()) for option in re.split(r"\bOR\b", group)]
        known = [option.ids[0] for option in options if option.ids]
        if known:
            ids.append(min(known, key=_strictness))
        else:
            issues.append(options[0])
    first = issues[0] if issues else Resolved()
    return Resolved(ids=tuple(ids), issue=first.issue, fix=first.fix)


def _strictness(license_id: str) -> int:
    family = facts.index()["licenses"][license_id]["family"]
    return LENIENT_FIRST.index(family) if family in LENIENT_FIRST else len(LENIENT_FIRST)


def strictest(license_ids: tuple[str, ...]) -> str:
    """The id that binds most; empty for none."""
    return max(license_ids, key=_strictness, default="")


def strictness(license_id: str) -> int:
    """How much a license binds, by its family; larger is more."""
    return _strictness(license_id)


def resolve_word(word: str) -> Resolved:
    """One id, tag or name."""
    found = facts.find(word)
    if found.id:
        entry = facts.index()["licenses"][found.id]
        if not entry["ambiguous"] and entry["family"] != facts.UNKNOWN:
            return Resolved(ids=(found.id,))
        if not entry["candidates"]:
            return Resolved(issue=f"{word!r} names no license: without one nothing is permitted")
        found = facts.Found(word=word, candidates=tuple(entry["candidates"]))
    if found.candidates:
        listed = ", ".join(found.candidates)
        return Resolved(
            issue=f"{word!r} does not say which license is meant: it may be {listed}",
            fix="read the LICENSE file and name the exact one",
        )
    near = f"; the nearest known id is {found.nearest!r}, which is another text" if found.nearest else ""
    return Resolved(
        issue=f"nothing is known about a license called {word!r}{near}",
        fix="read the license text; kit license identify compares it with the known ones",
    )
