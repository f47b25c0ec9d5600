"""Do licenses go together, and which one fits? Small questions answered by the same rules as an audit."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.core.license import Decision, Issue, Level, Terms
from ossmodelkit.licensing import deciding, facts
from ossmodelkit.licensing.code_pairs import answer
from ossmodelkit.licensing.situation import Component, Profile, ReleasePlan, Situation

PAIR_IDS = frozenset(
    {"license-share-alike-conflict", "license-further-restriction", "license-relicense", "license-code-incompatible"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Whether works under two licenses may become one: yes, no, depends; and why."""

    one: str
    other: str
    verdict: str
    why: str


def pair(one: str, other: str) -> Pair:
    """Two licenses in one work that is handed on: merged weights, or linked code where both are for code."""
    first, second = facts.terms(one), facts.terms(other)
    if not first.known or not second.known:
        return Pair(one=one, other=other, verdict="unresolved", why="a name that stands for several licenses")
    if one == other:
        return Pair(one=one, other=other, verdict="yes", why="the same license")
    if _is_code(first) and _is_code(second):
        return _code(first, second)
    found = _merged(one, other)
    if any(issue.level is Level.FAIL for issue in found.issues if issue.id in PAIR_IDS):
        why = next(issue.why for issue in found.issues if issue.id in PAIR_IDS)
        return Pair(one=one, other=other, verdict="no", why=why)
    if not found.allowed_release_licenses:
        why = "allowed only with the terms of both attached"
        return Pair(one=one, other=other, verdict="depends", why=why)
    return Pair(one=one, other=other, verdict="yes", why="release as " + ", ".join(found.allowed_release_licenses[:3]))


def _is_code(terms: Terms) -> bool:
    return "code" in terms.applies_to


def _code(first: Terms, second: Terms) -> Pair:
    said = {answer(first, second), answer(second, first)}
    verdict = "yes" if said & {"Yes", "Same"} else "no" if said == {"No"} else "depends"
    ways = f"{first.id} may hold {second.id}: {answer(first, second) or 'not known'}; "
    ways += f"{second.id} may hold {first.id}: {answer(second, first) or 'not known'}"
    return Pair(one=first.id, other=second.id, verdict=verdict, why=ways)


def _merged(one: str, other: str) -> Decision:
    parts = tuple(Component(role="merge-input", name=name, license=name) for name in (one, other))
    return deciding.decide(
        Situation(profile=Profile(commercial=False, use=("redistribute-weights", "research")), components=parts)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A license as a candidate: its verdict for the profile and the reasons that count against it."""

    id: str
    verdict: str
    reasons: tuple[str, ...]


def bases(profile: Profile) -> tuple[Choice, ...]:
    """Every license as that of a base model, best first: which bases fit the profile."""
    made = [_as_base(terms, profile) for terms in facts.every_terms() if terms.known and "model" in terms.applies_to]
    return tuple(sorted(made, key=lambda c: (deciding.VERDICTS.index(c.verdict), len(c.reasons), c.id)))


def _as_base(terms: Terms, profile: Profile) -> Choice:
    component = Component(role="base", name=terms.id, license=terms.id, modified=True)
    decision = deciding.decide(Situation(profile=profile, components=(component,)))
    return Choice(id=terms.id, verdict=decision.verdict, reasons=_reasons(decision))


def releases(parents: tuple[str, ...], profile: Profile) -> tuple[Choice, ...]:
    """The licenses a release may be put under, given its parents', each with what it would owe."""
    parts = tuple(Component(role="base", name=name, license=name, modified=True) for name in parents)
    found = deciding.decide(Situation(profile=profile, components=parts))
    made = []
    for license_id in (*found.allowed_release_licenses, *found.conditional_release_licenses):
        plan = ReleasePlan(license=license_id)
        decision = deciding.decide(Situation(profile=profile, components=parts, release=plan))
        attached = license_id in found.conditional_release_licenses
        reasons = ("only with the use restrictions attached as an agreement",) if attached else ()
        owed = tuple(dict.fromkeys(duty.text for duty in decision.obligations))
        made.append(Choice(id=license_id, verdict="conditional" if attached else "ok", reasons=(*reasons, *owed)))
    return tuple(made)


def _reasons(decision: Decision) -> tuple[str, ...]:
    told: list[Issue] = [issue for issue in decision.issues if issue.level is not Level.NOTE]
    return tuple(dict.fromkeys(issue.why for issue in told))
