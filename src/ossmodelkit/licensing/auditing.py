"""A repository, its claims and its family as a situation to decide, with every disagreement found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Finding, Gap, Place, Severity
from ossmodelkit.core.license import Decision, Issue, Level
from ossmodelkit.core.lineage import Relation
from ossmodelkit.licensing import case as cases
from ossmodelkit.licensing import dependencies, facts, lineage, retelling
from ossmodelkit.licensing.claims import Conclusion, conclude
from ossmodelkit.licensing.deciding import decide
from ossmodelkit.licensing.lineage import Ancestor
from ossmodelkit.licensing.repository import Repository
from ossmodelkit.licensing.rules.limits import EVERYWHERE, place
from ossmodelkit.licensing.rules.releasing import clause_against, why_not
from ossmodelkit.licensing.situation import Component, Profile, ReleasePlan, Situation

SEVERITIES = {
    Level.FAIL: Severity.HIGH,
    Level.WARN: Severity.LOW,
    Level.UNRESOLVED: Severity.LOW,
    Level.NOTE: Severity.INFO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the license audit of a repository came to."""

    repository: Repository
    conclusion: Conclusion
    family: tuple[Ancestor, ...]
    situation: Situation
    decision: Decision
    dependencies: tuple[dependencies.Dependency, ...] = ()

    @property
    def concluded(self) -> str:
        """The evaluated license; several are joined with AND."""
        return " AND ".join(self.conclusion.licenses)


def audit(
    repository: Repository,
    profile: Profile,
    resolve: lineage.Resolver,
    *,
    name: str = "",
    earlier: str = "",
    look_up: dependencies.LookUp = dependencies.nothing_installed,
) -> Audit:
    """Judge a repository; `earlier` is what a former record concluded, for noticing a change.

    `look_up` tells what a package that the repository's code needs says about its license.
    """
    conclusion = conclude(repository)
    family = lineage.walk(repository.name, repository.parents, resolve)
    needed = dependencies.resolve(repository.needs, repository.files, look_up)
    situation = retelling.situation(repository, conclusion, family, profile, name, needed)
    extra = [
        *conclusion.issues,
        *lineage.disagreements(repository),
        *_about_family(repository, conclusion, family),
        *_drift(repository, conclusion, earlier),
        *_gate(repository, profile),
        *(dependencies.issues(retelling.all_code(repository, conclusion), needed) if profile.distributes else ()),
    ]
    decision = decide(situation, extra)
    return Audit(
        repository=repository,
        conclusion=conclusion,
        family=family,
        situation=situation,
        decision=decision,
        dependencies=needed,
    )


def _about_family(repository: Repository, conclusion: Conclusion, family: tuple[Ancestor, ...]) -> Iterator[Issue]:
    for one in family:
        if one.note == lineage.CYCLE:
            yield Issue(
                id="license-lineage-mismatch",
                level=Level.WARN,
                components=(repository.name,),
                why=f"{one.parent.ref}: {one.note}",
                fix="name the real base on the card",
            )
        elif not one.licenses:
            yield _nothing_known(one)
        else:
            yield from _against_base(repository, conclusion, one)
        if one.gated and not repository.card.gated and one.parent.relation is not Relation.DATASET:
            yield Issue(
                id="license-gated-mirror",
                level=Level.WARN,
                components=(repository.name, one.parent.ref),
                why=f"{one.parent.ref} is behind a gate, and this repository hands the weights on without one",
                fix="get the weights where the gate is, or ask the publisher for the right to hand them on",
            )


def _nothing_known(one: Ancestor) -> Issue:
    dataset = one.parent.relation is Relation.DATASET
    what = "dataset" if dataset else "parent"
    return Issue(
        id="license-unresolved-license",
        level=Level.WARN if dataset and not one.note else Level.UNRESOLVED,
        components=(one.parent.ref,),
        why=f"the license of the {what} {one.parent.ref!r} (named in {one.parent.declared_in}) is not known here"
        + (f": {one.note}" if one.note else ""),
        fix="put the parent's folder beside the model or audit it first; with --online the hub is asked; or look it up "
        "and state it under [[licenses]] in kit.toml",
    )


def _against_base(repository: Repository, conclusion: Conclusion, one: Ancestor) -> Iterator[Issue]:
    if one.parent.relation in (Relation.DATASET, Relation.DISTILLED):
        return
    own = conclusion.licenses
    for license_id in one.licenses:
        if not own or license_id in own:
            continue
        part = cases.Part(
            component=Component(role="base", name=one.parent.ref, license=license_id, modified=True),
            label=one.parent.ref,
            terms=facts.terms(license_id),
        )
        trial = cases.Case(
            profile=Profile(),
            parts=(part,),
            release=ReleasePlan(license=own[0], agreement_contains=(repository.card.gate_terms,)),
        )
        reason = next(filter(None, (why_not(part, facts.terms(mine), trial) for mine in own)), "")
        if reason:
            yield Issue(
                id="license-declared-vs-base",
                level=Level.FAIL,
                components=(repository.name, one.parent.ref),
                why=f"{', '.join(own)} over a base under {part.terms.name}: {reason}",
                fix=f"treat the model as under {license_id} as well, and ask the publisher",
                clause=clause_against(part.terms, facts.terms(own[0])),
                verified=part.terms.verified and one.how == "read",
            )


def _gate(repository: Repository, profile: Profile) -> Iterator[Issue]:
    """The publisher's own gate refuses the EU, whatever the license says."""
    if repository.card.eu_disallowed and {"EU", *EVERYWHERE} & {place(word) for word in profile.territory}:
        yield Issue(
            id="license-territory",
            level=Level.FAIL,
            components=(repository.name,),
            why="the card says extra_gated_eu_disallowed: the publisher does not offer it in the EU",
            fix="keep the model out of the EU, or ask the publisher",
        )


def _drift(repository: Repository, conclusion: Conclusion, earlier: str) -> Iterator[Issue]:
    now = " AND ".join(conclusion.licenses)
    if earlier and now and earlier != now:
        yield Issue(
            id="license-license-drift",
            level=Level.WARN,
            components=(repository.name,),
            why=f"an earlier record of this project says {earlier}, and now it is {now}",
            fix="pin the revision whose license you accepted, or judge the new one",
        )


def findings(audit_: Audit) -> tuple[Finding, ...]:
    """The issues of a decision as findings."""
    return tuple(finding(issue, audit_.repository.card_name or ".") for issue in audit_.decision.issues)


def finding(issue: Issue, path: str) -> Finding:
    """An issue as a finding at a file."""
    return Finding(
        check=issue.id,
        severity=SEVERITIES[issue.level],
        title=issue.why,
        at=Place(path=path),
        saw=", ".join(issue.components),
        remedy=issue.fix,
        clause=issue.clause or ("" if issue.verified else "the license"),
        verified=issue.verified,
    )


def gaps(audit_: Audit) -> tuple[Gap, ...]:
    """What could not be judged: unresolved licenses, and files nobody could read."""
    path = audit_.repository.card_name or "."
    open_questions = [
        Gap(at=Place(path=path), reason=issue.why, remedy=issue.fix)
        for issue in audit_.decision.issues
        if issue.level is Level.UNRESOLVED
    ]
    unread = [Gap(at=Place(path=name), reason=reason) for name, reason in audit_.repository.problems]
    return (*open_questions, *unread)
