"""From a situation to a verdict: ask every rule, weigh the issues, list what may be released."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from ossmodelkit.core.license import Decision, Issue, Level, Obligation
from ossmodelkit.licensing.case import Case, build, labels
from ossmodelkit.licensing.rules import (
    ancestry,
    duties,
    fitting,
    grants,
    inputs,
    limits,
    linking,
    releasing,
    showing,
    standing,
    unread,
)
from ossmodelkit.licensing.rules.saying import Question, Rule
from ossmodelkit.licensing.situation import Situation

RULES: tuple[Rule, ...] = (
    grants.denied,
    grants.noncommercial,
    grants.thresholds,
    grants.registration,
    grants.regulatory,
    grants.hosting,
    grants.guardrails,
    limits.territory,
    limits.field_of_use,
    inputs.output_training,
    inputs.limited_outputs,
    inputs.distillation,
    inputs.data_effect,
    showing.naming,
    showing.display,
    duties.notice,
    duties.license_text,
    duties.modified_notice,
    duties.pass_on,
    duties.card_retention,
    duties.companion_policy,
    duties.network_source,
    standing.source_offer,
    standing.standing,
    fitting.share_alike,
    fitting.further_restriction,
    releasing.relicense,
    releasing.no_sharing,
    releasing.bound_at_use,
    ancestry.undeclared,
    ancestry.trained_from,
    linking.code,
    unread.handing_on,
    unread.conditions,
)
RELEASE_RULES: tuple[Rule, ...] = (
    fitting.share_alike,
    fitting.further_restriction,
    releasing.relicense,
    releasing.no_sharing,
)
# What a publisher commonly chooses from, beside the licenses of the components themselves.
COMMON = (
    "apache-2.0", "mit", "bsd-3-clause", "openmdw-1.1", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0", "gpl-3.0", "agpl-3.0", "openrail++",
)  # fmt: skip
# Terms of use beside the license, with the restrictions of whatever is upstream.
ATTACHED = ("the use restrictions of every upstream license",)
One = TypeVar("One", Issue, Obligation)
VERDICTS = ("ok", "ok-with-obligations", "warn", "unresolved", "fail")
IDS = (
    "license-nc-commercial", "license-threshold", "license-registration", "license-territory", "license-regulatory",
    "license-output-training", "license-distill-derivative", "license-naming-prefix", "license-display-missing",
    "license-notice-missing", "license-license-text-missing", "license-modified-notice",
    "license-use-restriction-pass-on", "license-relicense",
    "license-share-alike-conflict", "license-further-restriction", "license-network-source",
    "license-data-unsettled", "license-data-notice", "license-declared-vs-file", "license-declared-vs-base",
    "license-lineage-mismatch", "license-lineage-undeclared", "license-unresolved-license", "license-companion-policy",
    "license-gated-mirror", "license-license-drift", "license-code-copyleft-only", "license-guardrail-termination",
    "license-model-card-retention", "license-hosting", "license-field-of-use", "license-card-vs-metadata",
    "license-code-incompatible", "license-denied",
)  # fmt: skip


def decide(situation: Situation, extra: Iterable[Issue] = ()) -> Decision:
    """Judge a situation; `extra` are issues that somebody else found, such as a card that disagrees with a file."""
    case = build(situation)
    said = [saying for rule in RULES for saying in rule(case)]
    issues = _unique([*case.unresolved, *extra, *(s for s in said if isinstance(s, Issue))])
    obligations = _unique(s for s in said if isinstance(s, Obligation))
    questions = tuple(dict.fromkeys(s.text for s in said if isinstance(s, Question)))
    components = {label: _verdict_of(label, issues, obligations) for label in labels(case.components)}
    allowed, conditional = release_licenses(case)
    return Decision(
        verdict=_worst(issues, obligations),
        components=components,
        issues=tuple(sorted(issues, key=lambda i: (-i.level.rank, i.id, i.components))),
        obligations=tuple(sorted(obligations, key=lambda o: (o.component, o.id, o.text))),
        questions=questions,
        allowed_release_licenses=allowed,
        conditional_release_licenses=conditional,
    )


def release_licenses(case: Case) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """License ids a release may be put under, and those that need upstream terms attached as an agreement.

    Nothing is allowed while a license is unresolved.
    """
    if case.unresolved:
        return (), ()
    own = dict.fromkeys(part.terms.id for part in (*case.covering, *case.data_handed_on))
    candidates = tuple(dict.fromkeys((*own, *COMMON)))
    allowed = tuple(one for one in candidates if _may_be_released(case.with_release(one)))
    rest = (one for one in candidates if one not in allowed)
    return allowed, tuple(one for one in rest if _may_be_released(case.with_release(one, agreement=ATTACHED)))


def _may_be_released(case: Case) -> bool:
    trial = _as_distributed(case)
    said = (saying for rule in RELEASE_RULES for saying in rule(trial))
    return not any(isinstance(one, Issue) and one.level is Level.FAIL for one in said)


def _as_distributed(case: Case) -> Case:
    """The same case with its weights leaving the house: what may be released does not hang on today's use."""
    if case.profile.distributes or not case.covering:
        return case
    profile = replace(case.profile, use=(*case.profile.use, "redistribute-weights"))
    return Case(profile=profile, parts=case.parts, release=case.release)


def _unique(sayings: Iterable[One]) -> list[One]:
    return list(dict.fromkeys(sayings))


def _verdict_of(label: str, issues: Iterable[Issue], obligations: Iterable[Obligation]) -> str:
    return _worst(
        [issue for issue in issues if label in issue.components],
        [duty for duty in obligations if duty.component == label],
    )


def _worst(issues: Iterable[Issue], obligations: Iterable[Obligation]) -> str:
    ranks = [VERDICTS.index(issue.level.value) for issue in issues if issue.level is not Level.NOTE]
    return VERDICTS[max(ranks, default=1 if list(obligations) else 0)]
