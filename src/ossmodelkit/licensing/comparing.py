"""Do licenses go together, and which one fits? Small questions answered by the same rules as an audit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ossmodelkit.core.license import Decision, Issue, Level, Terms
from ossmodelkit.licensing import deciding, facts
from ossmodelkit.licensing.code_pairs import answer
from ossmodelkit.licensing.rules.fitting import accepts
from ossmodelkit.licensing.situation import Component, Profile, ReleasePlan, Role, Situation, Use

# Without a name planned, a prefix is refused only where two of them cannot stand at the front at once.
PAIR_IDS = frozenset(
    {"license-share-alike-conflict", "license-further-restriction", "license-relicense", "license-naming-prefix"}
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
    if _is_code(first) and _is_code(second) and (answer(first, second) or answer(second, first)):
        return _code(first, second)
    return _one_work(one, other, _merged(first, second))


def _one_work(one: str, other: str, found: Decision) -> Pair:
    refused = [i.why for i in found.issues if i.id in PAIR_IDS and i.level is Level.FAIL]
    if refused:
        return Pair(one=one, other=other, verdict="no", why=refused[0])
    unread = [i.why for i in found.issues if i.level is Level.UNRESOLVED]
    if unread:
        return Pair(one=one, other=other, verdict="unresolved", why=unread[0])
    if not found.allowed_release_licenses:
        return Pair(one=one, other=other, verdict="depends", why="allowed only with the terms of both attached")
    return Pair(one=one, other=other, verdict="yes", why="release as " + ", ".join(found.allowed_release_licenses[:3]))


def _is_code(terms: Terms) -> bool:
    return "code" in terms.applies_to


def _code(first: Terms, second: Terms) -> Pair:
    said = {answer(first, second), answer(second, first)}
    verdict = "yes" if said & {"Yes", "Same"} else "no" if said == {"No"} else "depends"
    ways = f"{first.id} may hold {second.id}: {answer(first, second) or 'not known'}; "
    ways += f"{second.id} may hold {first.id}: {answer(second, first) or 'not known'}"
    if accepts(first, second) or accepts(second, first):
        verdict, ways = "yes", f"the text of {first.id if accepts(first, second) else second.id} names the other"
    return Pair(one=first.id, other=second.id, verdict=verdict, why=ways)


def _merged(first: Terms, second: Terms) -> Decision:
    """Merged weights; where a license is for data only, data that was put together."""
    data = any(set(terms.applies_to) == {"data"} for terms in (first, second))
    role: Role = "dataset" if data else "merge-input"
    use: tuple[Use, ...] = ("redistribute-dataset",) if data else ("redistribute-weights",)
    parts = tuple(Component(role=role, name=one.id, license=one.id, modified=True) for one in (first, second))
    return deciding.decide(Situation(profile=Profile(commercial=False, use=(*use, "research")), components=parts))


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
    """The licenses a release may be put under, given its parents': what counts against each, and what it owes."""
    parts, handed_on = _parents(parents), _handed_on(profile)
    found = deciding.decide(Situation(profile=handed_on, components=parts))
    made = []
    for license_id in (*found.allowed_release_licenses, *found.conditional_release_licenses):
        plan = ReleasePlan(license=license_id)
        decision = deciding.decide(Situation(profile=handed_on, components=parts, release=plan))
        attached = license_id in found.conditional_release_licenses
        reasons = ("only with the use restrictions attached as an agreement",) if attached else ()
        owed = tuple(dict.fromkeys(duty.text for duty in decision.obligations))
        verdict = "conditional" if attached and found.verdict != "fail" else found.verdict
        made.append(Choice(id=license_id, verdict=verdict, reasons=(*reasons, *_reasons(found), *owed)))
    return tuple(made)


def against(parents: tuple[str, ...], profile: Profile) -> tuple[str, ...]:
    """What keeps works under these licenses from being handed on as one, whatever the release license."""
    found = deciding.decide(Situation(profile=_handed_on(profile), components=_parents(parents)))
    refused = tuple(i.why for i in found.issues if i.level in (Level.FAIL, Level.UNRESOLVED))
    return refused or ("no one license keeps the conditions of all: release it as `other`, with every text beside",)


def _parents(parents: tuple[str, ...]) -> tuple[Component, ...]:
    return tuple(Component(role="base", name=name, license=name, modified=True) for name in parents)


def _handed_on(profile: Profile) -> Profile:
    return profile if profile.distributes else replace(profile, use=(*profile.use, "redistribute-weights"))


def _reasons(decision: Decision) -> tuple[str, ...]:
    told: list[Issue] = [issue for issue in decision.issues if issue.level is not Level.NOTE]
    return tuple(dict.fromkeys(issue.why for issue in told))
