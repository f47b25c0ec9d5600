"""What a component says it was trained from, against what is there."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.license import Issue, Level, Terms
from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.known_models import by_name
from ossmodelkit.licensing.model_names import stem
from ossmodelkit.licensing.rules.releasing import clause_against, why_not
from ossmodelkit.licensing.rules.saying import Saying
from ossmodelkit.licensing.situation import Component, Profile, ReleasePlan


def undeclared(case: Case) -> Iterator[Saying]:
    """A component that says what it was trained from, where that is not among the components."""
    bases = [one for one in case.components if one.role in ("base", "merge-input")]
    for part in case.parts:
        parent = part.component.trained_from
        names = {stem(one.name) for one in case.components if one.name and one is not part.component}
        # A base without a name may be the very one.
        if not parent or stem(parent) in names or any(not one.name for one in bases):
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
        others = [one for one in case.parts if one.component.name and one.component is not part.component]
        beside = [one.terms for one in others if stem(one.component.name) == stem(parent)]
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
                    clause=clause_against(terms, part.terms),
                    verified=terms.verified and bool(beside),
                )


def _against(terms: Terms, parent: str, part: Part) -> str:
    if terms.id == part.terms.id:
        return ""
    base = Part(component=Component(role="base", name=parent, modified=True), label=parent, terms=terms)
    trial = Case(profile=Profile(), parts=(base,), release=ReleasePlan(license=part.terms.id))
    return why_not(base, part.terms, trial)
