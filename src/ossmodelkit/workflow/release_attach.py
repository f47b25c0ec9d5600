"""Results measured elsewhere become evidence about exact bytes: `kit release attach`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from ossmodelkit.foundation.wire import did_you_mean
from ossmodelkit.releasing.card.scores import fault_in
from ossmodelkit.releasing.items import items
from ossmodelkit.releasing.manifest import strict_json
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk

SCORES, OTHERS = "scores", ("loadtest", "contamination", "energy", "explain")
LARGEST = 64 * 1024 * 1024


def attach(model: str, name: str, file: Path, *, desk: Desk) -> Report:
    """Record the table in `file` as the measurement `name` of the model's bytes, beside earlier ones.

    Raises `UsageError` for a name no item asks for, or a file that is no table.
    """
    known = sorted({SCORES, *OTHERS, *(item.measure for item in items() if item.measure)})
    if name not in known:
        raise UsageError(f"no item asks for {name!r}", hint=did_you_mean(name, known))
    if desk.project is None:
        raise NothingToJudgeError("there is no project here to keep evidence in", hint="kit init makes one")
    data = _read(file)
    table = strict_json(data)
    if fault := fault_in(table) if name == SCORES else "":
        raise UsageError(f"{str(file)!r} holds no scores: {fault}", hint="docs/releasing.md shows a list of scores")
    subject = desk.subject(open_source(model))
    before = [r for r in desk.evidence() if r.kind is Kind.EVALUATE and r.subject.sha256 == subject.sha256]
    details = {**(before[-1].details if before else {}), name: table}
    details["attached"] = {**details.get("attached", {}), name: {"sha256": hashlib.sha256(data).hexdigest()}}
    desk.write(
        Kind.EVALUATE, subject, Answers(asked=(*(before[-1].asked if before else ()), f"attached-{name}")), details
    )
    return Report(
        command="release attach",
        subject=model,
        verdict="recorded",
        outcome=Outcome.PASS,
        summary=f"{name} is evidence about payload {subject.sha256[:16]}…",
        next_steps=(f"kit release check {model}",),
        data={"payload_sha256": subject.sha256, "name": name},
    )


def _read(file: Path) -> bytes:
    try:
        data = file.read_bytes()
        if len(data) > LARGEST or not isinstance(strict_json(data), (dict, list)):
            raise ValueError("it holds no table")
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot read results from {str(file)!r}: {error}", hint="give a JSON file") from error
    return data
