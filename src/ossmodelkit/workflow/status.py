"""What this project knows: each payload, its records, and what the policy says of it today."""

from __future__ import annotations

from collections.abc import Iterable

from ossmodelkit.core.evidence import Evidence
from ossmodelkit.core.policy import Outcome, judge
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import NothingToJudgeError
from ossmodelkit.workflow.desk import Desk

WORST_FIRST = (Outcome.FAIL, Outcome.INCOMPLETE, Outcome.PASS)


def status(*, desk: Desk) -> Report:
    """Judge every payload of the ledger again, as of today.

    Raises `NothingToJudgeError` outside a project and `UnreadableError` for a damaged record.
    """
    if desk.project is None:
        raise NothingToJudgeError("there is no project here", hint="kit init makes one")
    records = desk.evidence()
    payloads = {record.subject.sha256: record.subject.name for record in records}
    outcomes = {sha256: _outcome(desk, sha256, records) for sha256 in payloads}
    return Report(
        command="status",
        subject=str(desk.project.root),
        verdict=f"{len(records)} records",
        outcome=next((o for o in WORST_FIRST if o in outcomes.values()), Outcome.PASS),
        summary=f"about {len(payloads)} payloads" if records else "nothing is known yet",
        tables=tuple(_table(name, sha256, outcomes[sha256], records) for sha256, name in payloads.items()),
        next_steps=() if records else ("kit audit MODEL",),
        data={
            "payloads": [
                {"name": name, "sha256": sha256, "outcome": outcomes[sha256]} for sha256, name in payloads.items()
            ]
        },
    )


def _outcome(desk: Desk, sha256: str, records: Iterable[Evidence]) -> Outcome:
    return judge(desk.settings.policy, sha256, records, desk.now.date()).outcome


def _table(name: str, sha256: str, outcome: Outcome, records: Iterable[Evidence]) -> Table:
    rows = tuple(
        (record.kind.value, record.created.strftime("%Y-%m-%d %H:%M"), _told(record), record.tool)
        for record in records
        if record.subject.sha256 == sha256
    )
    return Table(title=f"{name}  {sha256[:12]}  {outcome}", columns=("record", "made", "says", "by"), rows=rows)


def _told(record: Evidence) -> str:
    verdict = record.details.get("verdict")
    counts = f"{len(record.findings)} findings, {len(record.gaps)} gaps"
    return f"{verdict}, {counts}" if verdict else counts
