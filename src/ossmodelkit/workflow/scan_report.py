"""From an inspection to a report: the word, the outcome, waivers, and a line for each file that matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ossmodelkit.core.finding import Finding, Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.scanning.inspecting import FileResult, Inspection
from ossmodelkit.scanning.verdict import Word, word_for

MOST_ROWS = 50
MOST_NOTED = 5
MEANINGS = {
    Word.CLEAN: "every file was read to the end and nothing was found",
    Word.INCOMPLETE: "nothing was found, but not everything could be read",
    Word.SUSPICIOUS: "something needs a look before anybody loads this",
    Word.DANGEROUS: "loading this would do harm",
}


def report_on(found: Inspection, *, subject: str, fail_on: Severity, accepted: Callable[[Finding], str]) -> Report:
    """The report of a scan. Findings that `accepted` gives a reason for stay in it as a note, and no longer count."""
    kept, waived = _split(found.answers.findings, accepted)
    word = word_for(kept, found.answers.gaps)
    return Report(
        command="scan",
        subject=subject,
        verdict=word.value,
        outcome=_outcome(word, kept, bool(found.answers.gaps), fail_on),
        summary=f"{_count(found.files)}: {MEANINGS[word]}",
        findings=kept,
        gaps=found.answers.gaps,
        asked=found.answers.asked,
        tables=_tables(found.files),
        notes=tuple(_note(why, held) for why, held in waived.items()),
        next_steps=_next_steps(word, kept),
        data={
            "files": [to_wire(one) for one in found.files],
            "waived": [to_wire(finding) for held in waived.values() for finding in held],
        },
    )


def _split(
    findings: Sequence[Finding], accepted: Callable[[Finding], str]
) -> tuple[tuple[Finding, ...], dict[str, list[Finding]]]:
    """What counts, and what does not, by the reason why."""
    kept: list[Finding] = []
    waived: dict[str, list[Finding]] = {}
    for finding in findings:
        why = accepted(finding)
        (waived.setdefault(why, []) if why else kept).append(finding)
    return tuple(kept), waived


def _note(why: str, held: Sequence[Finding]) -> str:
    shown = ", ".join(f"{finding.check} at {finding.at}" for finding in held[:MOST_NOTED])
    return f"{why}: {shown}" + (f", and {len(held) - MOST_NOTED} more" if len(held) > MOST_NOTED else "")


def _outcome(word: Word, findings: Sequence[Finding], gaps: bool, fail_on: Severity) -> Outcome:
    if any(finding.severity.rank >= fail_on.rank for finding in findings):
        return Outcome.FAIL
    return Outcome.INCOMPLETE if gaps or word is Word.INCOMPLETE else Outcome.PASS


def _count(files: Sequence[FileResult]) -> str:
    return f"{len(files)} file{'' if len(files) == 1 else 's'}"


def _tables(files: Sequence[FileResult]) -> tuple[Table, ...]:
    if len(files) < 2:
        return ()
    words = Counter(one.verdict for one in files)
    tally = tuple((word.value, str(words[word])) for word in Word if words[word])
    counts = Table(title="", columns=("", ""), rows=tally)
    order = list(Word)
    worst = [one for one in files if one.verdict is not Word.CLEAN]
    worst.sort(key=lambda one: -order.index(one.verdict))
    if not worst:
        return (counts,)
    rows = tuple((one.verdict.value, one.name, ", ".join(one.readings) or "not read") for one in worst[:MOST_ROWS])
    note = f"and {len(worst) - MOST_ROWS} more" if len(worst) > MOST_ROWS else ""
    return (counts, Table(title="Files", columns=("verdict", "file", "read as"), rows=rows, note=note))


def _next_steps(word: Word, findings: Sequence[Finding]) -> tuple[str, ...]:
    if word in (Word.DANGEROUS, Word.SUSPICIOUS):
        worst = max(findings, key=lambda finding: finding.severity.rank)
        return (f"kit explain {worst.check}   what it means and what to do",)
    return ()
