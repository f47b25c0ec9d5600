"""The license a release is put under, against the licenses of what it is made from."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.license import Issue, Level, State, Terms
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules import texts
from ossmodelkit.licensing.rules.fitting import WHOLE, accepts
from ossmodelkit.licensing.rules.saying import Question, Saying, owed

FREE = frozenset({"permissive", "public-domain", "attribution-data"})


def relicense(case: Case) -> Iterator[Saying]:
    """A release license that says less than the licenses of what it is made from."""
    if case.release is None or not (case.profile.distributes or case.data_handed_on):
        return
    release = case.release_terms
    if release is None:
        yield from _nameless(case)
        return
    for part in _released(case):
        reason = "" if release.id == part.terms.id else why_not(part, release, case)
        if reason:
            yield part.issue(
                "license-relicense",
                Level.FAIL,
                f"{release.name} over {part.terms.name}: {reason}",
                f"release it under {part.terms.id}, or under terms that keep its conditions",
                clause=clause_against(part.terms, release),
            )


def _released(case: Case) -> Iterator[Part]:
    """The parts that the release license is put over."""
    if case.profile.distributes:
        yield from (p for p in case.covering if p.component.is_shipped or case.makes_new_model)
    yield from case.data_handed_on


def no_sharing(case: Case) -> Iterator[Saying]:
    """Changes of a work that nobody may change, or share changed; a work that nobody may hand on."""
    fix = "keep it inside, or choose another that may be handed on"
    for part in (*case.covering, *case.data_handed_on):
        shared = case.profile.distributes or part in case.data_handed_on
        derivatives = part.terms.says("derivatives")
        changed = part.is_modified or (part.is_weights and case.makes_new_model)
        if changed and derivatives == "no":
            why = f"{part.terms.name} allows no adaptations"
            yield part.issue("license-relicense", Level.FAIL, why, fix, fact="derivatives")
        elif changed and derivatives == "no-sharing" and shared:
            why = f"{part.terms.name} allows changes and not that you share them"
            yield part.issue("license-relicense", Level.FAIL, why, fix, fact="derivatives")
        if part.terms.says("redistribution") == "no" and shared and part.component.is_shipped:
            why = f"{part.terms.name} does not let you hand it on"
            yield part.issue("license-relicense", Level.FAIL, why, fix, fact="redistribution")


def bound_at_use(case: Case) -> Iterator[Saying]:
    """An adapter that goes out alone has a license of its own, and works only under its base's."""
    for part in case.parts:
        if case.profile.distributes and case.is_bound_at_use(part):
            text = f"say that the adapter is used with {part.label}, under {part.terms.name}"
            yield owed(part, "license-relicense", text, State.MANUAL, fact="derivatives")


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


def clause_against(terms: Terms, release: Terms) -> str:
    """The clause that keeps a release license from being put over a work under these terms."""
    noncommercial = terms.says("commercial_use") == "no" and release.says("commercial_use") != "no"
    same = terms.says("share_alike", "kind") in WHOLE
    facts = ["commercial_use"] * noncommercial + ["share_alike"] * same
    facts += ["derivative_terms", "use_restrictions", "redistribution", "derivatives", "include_license_text"]
    return next((clause for fact in facts if (clause := terms.clause(fact))), "")


def why_not(part: Part, release: Terms, case: Case) -> str:
    """Why a release license does not do for a part; empty when it does."""
    rule = part.terms.says("derivative_terms")
    if part.terms.says("commercial_use") == "no" and release.says("commercial_use") != "no":
        return "it would grant commercial rights that nobody gave you"
    if part.terms.says("share_alike", "kind") in WHOLE and not accepts(part.terms, release):
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
