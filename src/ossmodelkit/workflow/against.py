"""A model against its base: hold every weight of one against the other, and against what is said."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ossmodelkit.core.check import Answers, ask_all
from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.finding import Place
from ossmodelkit.core.report import Table
from ossmodelkit.core.source import Source
from ossmodelkit.scanning.against import claims, telling
from ossmodelkit.scanning.against.catalog import CHECKS
from ossmodelkit.scanning.against.changes import Changes
from ossmodelkit.scanning.against.looking import look
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.measuring import measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the comparison adds to the report of a scan."""

    answers: Answers
    summary: str = ""
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


def compare(base: Source, tuned: Source, *, desk: Desk, claim: str = "") -> Compared:
    """Which weights of `tuned` are not those of `base`, by how much, and whether that is what it says.

    What a person claims counts before the record of the run, and that before an adapter's settings.
    """
    said = claims.spoken(claim) if claim else None
    seen = look(base, tuned, claim=said, progress=desk.progress)
    run = _record(tuned, desk)
    changes = _held_against(seen.changes, run, base, desk) if run else seen.changes
    if run and said is None:
        changes = replace(changes, claim=claims.recorded(run.details))
    sized = measure(changes, base, tuned, desk.progress)
    said_of_it = ask_all(CHECKS, (sized.changes,), at=Place(path="."))
    answers = replace(said_of_it, gaps=(*seen.gaps, *sized.gaps, *said_of_it.gaps))
    return Compared(
        answers=answers,
        summary=telling.summary(sized.changes),
        tables=telling.tables(sized.changes),
        notes=(*seen.notes, *sized.notes),
        data=telling.data(sized.changes),
    )


def _record(tuned: Source, desk: Desk) -> Evidence | None:
    """What the project knows about how `tuned` was made; digests are worked out only where there is a record."""
    runs = [one for one in desk.evidence() if one.kind is Kind.FINETUNE]
    if not runs:
        return None
    sha256 = desk.subject(tuned).sha256
    return next((one for one in reversed(runs) if one.subject.sha256 == sha256), None)


def _held_against(changes: Changes, run: Evidence, base: Source, desk: Desk) -> Changes:
    named = run.details.get("base") or {}
    record = {
        "base": str(named.get("ref", "")),
        "base_sha256": str(named.get("sha256", "")),
        "given_sha256": desk.subject(base).sha256,
    }
    return replace(changes, record=record)
