"""May we adopt this model? License, lineage and security in one report and one verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.lineage import Relation
from ossmodelkit.core.policy import Outcome, Policy, Verdict, judge
from ossmodelkit.core.report import Report, Table
from ossmodelkit.core.source import Source
from ossmodelkit.sources.opening import open_source
from ossmodelkit.sources.traffic import remarks
from ossmodelkit.workflow import license as licenses
from ossmodelkit.workflow import scan as scans
from ossmodelkit.workflow.desk import Desk

MOST_PARENTS = 6
SUMMARIES = {
    Outcome.PASS: "nothing stands against adopting this model",
    Outcome.FAIL: "do not adopt this model as it is",
    Outcome.INCOMPLETE: "too little is known to say yes",
}


def audit(ref: str, *, desk: Desk, online: bool = False, jobs: int = 1) -> Report:
    """Judge the model at `ref` by the project's policy, and record both halves when there is a project.

    Raises `SourceError` when there is no model and `NothingToJudgeError` when it holds nothing.
    """
    source = open_source(ref, online=online)
    records = gather(source, desk=desk, online=online, jobs=jobs)
    policy = _with_both_halves(desk.settings.policy)
    verdict = judge(policy, records[0].subject.sha256, records, desk.now.date())
    return _report(source, records, verdict, recorded=desk.project is not None)


def gather(source: Source, *, desk: Desk, online: bool = False, jobs: int = 1) -> tuple[Evidence, Evidence]:
    """The license record and the scan record of a source."""
    return licenses.gather(source, desk, online=online), scans.gather(source, desk, jobs=jobs)


def _with_both_halves(policy: Policy) -> Policy:
    return replace(policy, require=tuple(dict.fromkeys((*policy.require, Kind.LICENSE, Kind.SCAN))))


def _report(source: Source, records: tuple[Evidence, ...], verdict: Verdict, *, recorded: bool) -> Report:
    subject = records[0].subject
    by_kind = {record.kind: record for record in records}
    waived = tuple(
        f"waived until {waiver.expires}: {finding.check} at {finding.at} ({waiver.owner})"
        for finding, waiver in verdict.waived
    )
    told = {f"{record.kind}: {gap.at}: {gap.reason}" for record in records for gap in record.gaps}
    return Report(
        command="audit",
        subject=source.ref,
        verdict=verdict.outcome.value,
        outcome=verdict.outcome,
        summary=SUMMARIES[verdict.outcome],
        findings=tuple(finding for record in records for finding in record.findings),
        gaps=tuple(gap for record in records for gap in record.gaps),
        asked=tuple(check for record in records for check in record.asked),
        tables=_tables(by_kind, source),
        notes=(
            *waived,
            *(m for m in verdict.missing if m not in told),
            *verdict.warnings,
            *remarks(source),
            licenses.DISCLAIMER,
        ),
        next_steps=_next_steps(source.ref, verdict, recorded),
        data={
            "payload_sha256": subject.sha256,
            "license": dict(by_kind[Kind.LICENSE].details),
            "scan": dict(by_kind[Kind.SCAN].details),
            "waived": [finding.check for finding, _ in verdict.waived],
        },
    )


def _tables(records: dict[Kind, Evidence], source: Source) -> tuple[Table, ...]:
    inventory = source.inventory
    license_facts = records[Kind.LICENSE].details
    scan_facts = records[Kind.SCAN].details
    rows = (
        ("payload", f"{records[Kind.SCAN].subject.sha256[:16]}…  {len(inventory.payload)} files"),
        ("license", f"{license_facts.get('concluded') or 'unresolved'}  ({license_facts.get('verdict', '?')})"),
        ("security", f"{scan_facts.get('verdict', '?')}  ({len(records[Kind.SCAN].asked)} checks asked)"),
        *_parents(license_facts.get("parents", ())),
    )
    facts = Table(title="", columns=("", ""), rows=rows)
    owed = tuple(
        (str(duty.get("state", "?")), str(duty.get("text", "")), str(duty.get("clause", "")))
        for duty in license_facts.get("obligations", ())
    )
    return (facts, Table(title="You owe", columns=("state", "what", "clause"), rows=owed)) if owed else (facts,)


def _parents(parents: Sequence[dict[str, object]]) -> Iterator[tuple[str, str]]:
    """Models first: of what a card lists, the datasets are many and the bases matter more."""
    ordered = sorted(parents, key=lambda parent: parent.get("relation") == Relation.DATASET)
    yield from (("parent", _parent(parent)) for parent in ordered[:MOST_PARENTS])
    if len(ordered) > MOST_PARENTS:
        yield "", f"… and {len(ordered) - MOST_PARENTS} more: kit license lineage"


def _parent(parent: dict[str, object]) -> str:
    vouched = f"  {parent.get('license')}, {parent.get('stated')}" if parent.get("stated") else "  (not resolved)"
    known = "" if parent.get("resolved") else vouched
    return f"{parent.get('ref')}  {parent.get('relation')}, named in {parent.get('declared_in')}{known}"


def _next_steps(ref: str, verdict: Verdict, recorded: bool) -> tuple[str, ...]:
    if verdict.refused:
        return (f"kit explain {verdict.refused[0].check}   what it means and what to do",)
    if not recorded:
        return ("kit init   to keep this as evidence: there is no project here",)
    if verdict.outcome is Outcome.PASS:
        return (
            f"kit estimate {ref}   will it fit?",
            "kit finetune --example lora > plan.toml   then kit finetune plan.toml",
        )
    return ("kit status   what this project knows",)
