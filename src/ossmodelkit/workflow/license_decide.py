"""A situation that is only described: what a legal reviewer asks before any file exists."""

from __future__ import annotations

from pathlib import Path

from ossmodelkit.core.license import Decision
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import SourceError, UsageError
from ossmodelkit.licensing import auditing, deciding, recording, scenario
from ossmodelkit.workflow.license import DISCLAIMER, OUTCOMES, SUMMARIES

LARGEST_SCENARIO = 1024 * 1024


def decide(path: Path) -> Report:
    """Judge a scenario file (schema 1: see docs/licensing.md).

    Raises `SourceError` for a file that cannot be read and `UsageError` for one that breaks the schema.
    """
    decision = deciding.decide(scenario.read(_text(path), path.name))
    return Report(
        command="license decide",
        subject=str(path),
        verdict=decision.verdict,
        outcome=OUTCOMES.get(decision.verdict, Outcome.PASS),
        summary=SUMMARIES[decision.verdict],
        findings=tuple(auditing.finding(issue, path.name) for issue in decision.issues),
        asked=deciding.IDS,
        tables=_tables(decision),
        notes=(*(f"to answer: {question}" for question in decision.questions), DISCLAIMER),
        data={**recording.answer(decision), "findings": [recording.issue(issue) for issue in decision.issues]},
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_SCENARIO:
            raise UsageError(f"{path} is too large for a scenario")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no UTF-8 text") from error


def _tables(decision: Decision) -> tuple[Table, ...]:
    parts = Table(title="Components", columns=("component", "verdict"), rows=tuple(decision.components.items()))
    owed = Table(
        title="You owe",
        columns=("state", "what", "for", "clause"),
        rows=recording.owed(map(recording.obligation, decision.obligations)),
    )
    allowed = Table(
        title="May be released under",
        columns=("license", ""),
        rows=(
            *((one, "") for one in decision.allowed_release_licenses),
            *((one, "with upstream terms attached") for one in decision.conditional_release_licenses),
        ),
    )
    return tuple(table for table in (parts, owed, allowed) if table.rows)
