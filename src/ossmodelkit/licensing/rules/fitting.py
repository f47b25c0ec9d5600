"""Whether it fits together: share-alike, further restrictions, the release's own license, lineage, code."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ossmodelkit.core.license import Issue, Level, Terms
from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.code_pairs import answer
from ossmodelkit.licensing.known_models import by_name
from ossmodelkit.licensing.rules import texts
from ossmodelkit.licensing.rules.saying import Question, Saying
from ossmodelkit.licensing.situation import Component, Profile, ReleasePlan

WHOLE = frozenset({"whole-work", "same-license", "same-elements"})
FREE = frozenset({"permissive", "public-domain", "attribution-data"})
LIMITED = frozenset({"noncommercial", "research-only"})


def one_work(case: Case) -> tuple[Part, ...]:
    """The parts whose licenses meet in what is handed on: one work, if anything is combined or changed."""
    if not (case.profile.distributes or case.profile.hosts):
        return ()
    return tuple(
        part
        for part in case.covering
        if part.component.is_shipped or part.makes_covered_derivative or case.makes_new_model
    )


def share_alike(case: Case) -> Iterator[Saying]:
    """Two licenses that each want the whole for themselves, or a release under neither."""
    parts = [part for part in one_work(case) if part.terms.says("share_alike", "kind") in WHOLE]
    for one, other in combinations(parts, 2):
        if one.terms.id != other.terms.id and not _meet(one.terms, other.terms):
            yield Issue(
                id="license-share-alike-conflict",
                level=Level.FAIL,
                components=(one.label, other.label),
                why=f"{one.terms.name} and {other.terms.name} each demand the whole under their own terms",
                fix="leave one of them out, or ask one licensor for other terms",
                clause=f"{one.terms.clause('share_alike')}; {other.terms.clause('share_alike')}",
                verified=one.terms.verified and other.terms.verified,
            )
    yield from _released_elsewhere(case, parts)
    yield from _data_released_elsewhere(case)


def _released_elsewhere(case: Case, parts: list[Part]) -> Iterator[Saying]:
    release = case.release_terms
    if release is None or not case.profile.distributes:
        return
    for part in parts:
        if release.id != part.terms.id and not _accepts(part.terms, release):
            yield part.issue(
                "license-share-alike-conflict",
                Level.FAIL,
                f"{part.terms.name} stays on what is made from {part.label}, and the release says {release.name}",
                f"release it under {part.terms.id}",
                fact="share_alike",
            )


def _data_released_elsewhere(case: Case) -> Iterator[Saying]:
    release = case.release_terms
    if release is None or "redistribute-dataset" not in case.profile.use:
        return
    for part in case.parts:
        kind = part.terms.says("share_alike", "kind")
        if part.role != "dataset" or kind not in WHOLE | {"data"} or release.id == part.terms.id:
            continue
        if not _accepts(part.terms, release):
            yield part.issue(
                "license-share-alike-conflict",
                Level.FAIL,
                f"the data stays under {part.terms.name}, and the release says {release.name}",
                f"release the data under {part.terms.id}",
                fact="share_alike",
            )


def _meet(one: Terms, other: Terms) -> bool:
    return _accepts(one, other) or _accepts(other, one)


def _accepts(terms: Terms, other: Terms) -> bool:
    return other.id in terms.says("share_alike", "accepts", ())


def further_restriction(case: Case) -> Iterator[Saying]:
    """Copyleft that lets nobody add restrictions, in one work with terms that add them."""
    parts = one_work(case)
    for part in parts:
        if not _forbids_more(part.terms):
            continue
        for other in parts:
            if other is not part and _restricts(other.terms) and other.terms.id != part.terms.id:
                yield _further(part, other.terms, (part.label, other.label))
        release = case.release_terms
        if release and case.profile.distributes and _restricts(release) and release.id != part.terms.id:
            yield _further(part, release, (part.label,))


def _further(part: Part, other: Terms, labels: tuple[str, ...]) -> Issue:
    clause = part.terms.clause("additional_restrictions") or part.terms.clause("share_alike")
    return Issue(
        id="license-further-restriction",
        level=Level.FAIL,
        components=labels,
        why=f"{part.terms.name} lets nobody add restrictions, and {other.name} adds them",
        fix="keep the two works apart, or leave one out",
        clause=clause,
        verified=part.terms.verified and other.verified,
    )


def _forbids_more(terms: Terms) -> bool:
    whole = terms.says("share_alike", "kind") in ("whole-work", "same-elements")
    return whole and terms.family not in LIMITED


def _restricts(terms: Terms) -> bool:
    limits = terms.says("use_restrictions") == "yes" or terms.says("commercial_use") in ("no", "conditional")
    return limits or bool(terms.rows("territory"))


def relicense(case: Case) -> Iterator[Saying]:
    """A release license that says less than the licenses of what it is made from."""
    for part in case.covering:
        yield from _no_sharing(case, part)
    if not case.profile.distributes or case.release is None:
        return
    release = case.release_terms
    if release is None:
        yield from _nameless(case)
        return
    for part in case.covering:
        if release.id == part.terms.id or not (part.component.is_shipped or case.makes_new_model):
            continue
        reason = why_not(part, release, case)
        if reason:
            yield part.issue(
                "license-relicense",
                Level.FAIL,
                f"{release.name} over {part.terms.name}: {reason}",
                f"release it under {part.terms.id}, or under terms that keep its conditions",
                fact="derivative_terms" if part.terms.clause("derivative_terms") else "commercial_use",
            )


def _no_sharing(case: Case, part: Part) -> Iterator[Saying]:
    derivatives, onward = part.terms.says("derivatives"), part.terms.says("redistribution")
    changed = part.is_modified or (part.is_weights and case.makes_new_model)
    fix = "keep it inside, or choose a base that may be handed on"
    if changed and derivatives == "no":
        why = f"{part.terms.name} allows no adaptations"
        yield part.issue("license-relicense", Level.FAIL, why, fix, fact="derivatives")
    elif changed and derivatives == "no-sharing" and case.profile.distributes:
        why = f"{part.terms.name} allows changes and not that you share them"
        yield part.issue("license-relicense", Level.FAIL, why, fix, fact="derivatives")
    if onward == "no" and case.profile.distributes and part.component.is_shipped:
        why = f"{part.terms.name} does not let you hand it on"
        yield part.issue("license-relicense", Level.FAIL, why, fix, fact="redistribution")


def _nameless(case: Case) -> Iterator[Saying]:
    plan = case.release
    if plan is None:
        return
    if plan.license is None:
        yield Question(text="Under which license will it be released?")
        return
    if plan.license.lower() == "other" and plan.license_name:
        yield Question(text=f"Do the terms of {plan.license_name!r} keep every condition of what it is made from?")
        return
    yield Issue(
        id="license-unresolved-license",
        level=Level.UNRESOLVED,
        components=("release",),
        why=f"the release license {plan.license!r} is not one that is known",
        fix="name an exact license",
    )


def why_not(part: Part, release: Terms, case: Case) -> str:
    """Why a release license does not do for a part; empty when it does."""
    rule = part.terms.says("derivative_terms")
    if part.terms.says("commercial_use") == "no" and release.says("commercial_use") != "no":
        return "it would grant commercial rights that nobody gave you"
    if part.terms.says("share_alike", "kind") in WHOLE and not _accepts(part.terms, release):
        return "it wants the same terms on what is made from it"
    if rule in ("no-inconsistent-terms", "no-conflicting-terms"):
        return "it allows no terms that disagree with its own"
    free = part.terms.family in FREE or part.terms.says("share_alike", "kind") == "none"
    if rule in ("any-terms", "own-terms-with-limits") or free:
        return ""
    if rule == "own-terms-with-pass-on" or part.terms.says("use_restrictions", "pass_on_kind") == "enforceable":
        return "" if texts.binds_recipients(case, part) else "its use restrictions would no longer bind anybody"
    if rule == "conditional" or part.terms.family in ("weak-copyleft", "strong-copyleft", "network-copyleft"):
        return ""
    if rule == "not-addressed":
        return "it does not let you put other terms over the weights, and its duties still travel"
    return "its text gives no right to put other terms over it"


def undeclared(case: Case) -> Iterator[Saying]:
    """A component that says what it was trained from, where that is not among the components."""
    bases = [one for one in case.components if one.role in ("base", "merge-input")]
    names = {_short(one.name) for one in case.components if one.name}
    for part in case.parts:
        parent = part.component.trained_from
        # A base without a name may be the very one.
        if not parent or _short(parent) in names or any(not one.name for one in bases):
            continue
        if part.role == "adapter" and bases:
            yield Issue(
                id="license-lineage-mismatch",
                level=Level.FAIL,
                components=(part.label, *(one.name for one in bases)),
                why=f"{part.label} was trained from {parent!r}, and the base here is {bases[0].name!r}",
                fix="name the base the adapter belongs to, and judge its license",
            )
        else:
            yield Issue(
                id="license-lineage-undeclared",
                level=Level.WARN,
                components=(part.label,),
                why=f"{part.label} was trained from {parent!r}, which is not among the components",
                fix=f"add {parent!r} with its license",
            )


def trained_from(case: Case) -> Iterator[Saying]:
    """A component whose license cannot be what it is, given what it was trained from."""
    for part in case.parts:
        parent = part.component.trained_from
        if not parent or not part.is_weights:
            continue
        beside = [p.terms for p in case.parts if p.component.name and _short(p.component.name) == _short(parent)]
        named = by_name(Parent(ref=parent, relation=Relation.FINETUNE, declared_in="trained_from"))
        for terms in beside or [facts.terms(one) for one in (named.licenses if named else ())]:
            reason = _against(terms, parent, part)
            if reason:
                yield Issue(
                    id="license-declared-vs-base",
                    level=Level.FAIL,
                    components=(part.label,),
                    why=f"{part.terms.name} over {parent}, which is under {terms.name}: {reason}",
                    fix=f"treat it as under {terms.id} as well, and ask the publisher",
                    clause=terms.clause("derivative_terms") or terms.clause("commercial_use"),
                    verified=terms.verified and bool(beside),
                )


def _against(terms: Terms, parent: str, part: Part) -> str:
    if terms.id == part.terms.id:
        return ""
    base = Part(component=Component(role="base", name=parent, modified=True), label=parent, terms=terms)
    trial = Case(profile=Profile(), parts=(base,), release=ReleasePlan(license=part.terms.id))
    return why_not(base, part.terms, trial)


def _short(name: str) -> str:
    return name.removeprefix("hub:").partition("@")[0].strip().lower()


def code(case: Case) -> Iterator[Saying]:
    """Code that is linked with code under an incompatible license, and copyleft that ends at the code."""
    linked = [part for part in case.parts if part.is_code and part.component.is_shipped]
    outer = [part for part in linked if part.role in ("repo-code", "serving-code")] or linked[:1]
    for part in linked:
        if not part.component.linked:
            continue
        for leading in outer:
            if leading is not part and leading.terms.id != part.terms.id and case.profile.distributes:
                yield from _pair(leading, part)
    for part in case.parts:
        if part.is_code and part.terms.family in ("strong-copyleft", "network-copyleft") and case.covering:
            yield part.issue(
                "license-code-copyleft-only",
                Level.NOTE,
                f"{part.terms.name} is on code: it does not reach the weights that the code trains or serves",
                "keep the code's own license and source with the code; the weights keep theirs",
                fact="share_alike",
            )


def _pair(outer: Part, inner: Part) -> Iterator[Saying]:
    said = answer(outer.terms, inner.terms)
    labels = (outer.label, inner.label)
    verified = outer.terms.verified and inner.terms.verified
    if said == "No":
        yield Issue(
            id="license-code-incompatible",
            level=Level.FAIL,
            components=labels,
            why=f"code under {outer.terms.name} cannot be one program with code under {inner.terms.name}",
            fix="unlink the two, or release the program under the stricter license",
            clause=inner.terms.clause("share_alike"),
            verified=verified,
        )
    elif said in ("Unknown", "Check dependency", ""):
        yield Question(text=f"May code under {outer.terms.name} be linked with code under {inner.terms.name}?")
