"""Would loading this harm us? Read everything, ask every check, and say it in one word."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.finding import Finding, Gap, Place, Severity
from ossmodelkit.core.policy import Waiver
from ossmodelkit.core.report import Report
from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import SourceError, UsageError
from ossmodelkit.foundation.progress import Silent
from ossmodelkit.scanning.inspecting import FileResult, Inspection, inspect
from ossmodelkit.scanning.plugged import plugged as load_plugged
from ossmodelkit.scanning.verdict import Word
from ossmodelkit.sources.checkout import checkout_of
from ossmodelkit.sources.opening import open_source
from ossmodelkit.sources.traffic import origin, remarks
from ossmodelkit.workflow.accepting import accept
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.listening import listening
from ossmodelkit.workflow.scan_report import report_on

if TYPE_CHECKING:
    from ossmodelkit.workflow.against import Compared

MOST_NAMED = 100


def scan(
    refs: str | Sequence[str],
    *,
    desk: Desk | None = None,
    online: bool = False,
    jobs: int = 1,
    fail_on: Severity = Severity.MEDIUM,
    waivers: Iterable[Waiver] = (),
    record: bool = False,
    against: str = "",
    claim: str = "",
    baseline: Path | None = None,
    write_baseline: Path | None = None,
) -> Report:
    """Scan one or several places: a file, a folder, a glob, `-`, or what else can be opened.

    `against` names the base that the one model was made from: what changed is told, and held against `claim`
    (see `kit scan --help`), the record of the run, or the adapter's settings.

    Findings in the file `baseline` no longer count while their files are the same; `write_baseline` makes such a
    file of all findings.

    `jobs` files are read at once (0: as many as there are processors; then the calling script needs the usual
    `if __name__ == "__main__"`, because workers may import it again). Raises `SourceError` when there is
    nothing at a place, and `NothingToJudgeError` when it is empty.
    """
    desk = desk or Desk()
    wanted = (refs,) if isinstance(refs, str) else tuple(refs)
    sources = [open_source(ref, online=online) for ref in _expanded(wanted)]
    base = _base(against, claim, sources, online)
    seen = [_inspect(source, desk, jobs, several=len(sources) > 1) for source in sources]
    compared = _compare(base, sources[0], desk, claim) if base else None
    if compared:
        seen = [_with(seen[0], compared.answers)]
    if record:
        for source, one in zip(sources, seen, strict=True):
            _write(source, desk, one, compared)
    whole = _together(seen)
    waived = tuple(waivers) or desk.heard(sources).policy.waivers
    accepted = accept(whole, sources, desk, waivers=waived, baseline=baseline, write=write_baseline)
    report = report_on(whole, subject=", ".join(wanted), fail_on=fail_on, accepted=accepted.why)
    if compared:
        report = _told(report, compared)
    notes = (*accepted.notes, *desk.unheard(sources), *(remark for source in sources for remark in remarks(source)))
    return replace(report, notes=(*report.notes, *notes))


def gather(source: Source, desk: Desk, *, jobs: int = 1) -> Evidence:
    """Scan a source and record what came out."""
    return _write(source, desk, _inspect(source, desk, jobs, several=False))


def _base(against: str, claim: str, sources: Sequence[Source], online: bool) -> Source | None:
    if not against:
        if claim:
            raise UsageError("--claim needs --against", hint="kit scan MODEL --against BASE --claim q_proj,v_proj")
        return None
    if len(sources) != 1:
        raise UsageError(f"--against takes one model, not {len(sources)}", hint="compare one after the other")
    return open_source(against, online=online)


def _compare(base: Source, tuned: Source, desk: Desk, claim: str) -> Compared:
    from ossmodelkit.workflow.against import compare

    return compare(base, tuned, desk=desk, claim=claim)


def _with(found: Inspection, answers: Answers) -> Inspection:
    """What a comparison or the settings of a checkout say counts like what the files themselves say."""
    whole = found.answers
    return replace(
        found,
        answers=Answers(
            findings=(*whole.findings, *answers.findings),
            gaps=(*whole.gaps, *answers.gaps),
            asked=(*whole.asked, *answers.asked),
        ),
    )


def _told(report: Report, compared: Compared) -> Report:
    return replace(
        report,
        summary=f"{compared.summary}; {report.summary}",
        tables=(*compared.tables, *report.tables),
        notes=(*compared.notes, *report.notes),
        data={**report.data, "against": compared.data},
    )


def _expanded(refs: Iterable[str]) -> Iterable[str]:
    for ref in refs:
        if Path(ref).exists() or not glob.has_magic(ref) or "://" in ref:
            yield ref
        elif found := sorted(glob.glob(ref, recursive=True, include_hidden=True)):  # noqa: PTH207 - absolute patterns too
            yield from found
        else:
            raise SourceError(
                f"nothing matches {ref!r}", hint="check the pattern; quote it if the shell should not expand it"
            )


def _inspect(source: Source, desk: Desk, jobs: int, *, several: bool) -> Inspection:
    found = inspect(
        source, jobs=jobs, progress=listening(desk.progress, source), plugged=desk.heard([source]).scan.checks
    )
    if checkout := checkout_of(source):
        found = _with(found, replace(inspect(checkout, progress=Silent()).answers, asked=()))
    return _under(source.ref, found) if several else found


def _write(source: Source, desk: Desk, found: Inspection, compared: Compared | None = None) -> Evidence:
    details: dict[str, Any] = {
        "verdict": found.verdict.value,
        "files": len(found.files),
        "not_clean": [one.name for one in found.files if one.verdict is not Word.CLEAN][:MOST_NAMED],
        **origin(source),
        **_versions(desk.heard([source]).scan.checks),
        **({"against": compared.data} if compared else {}),
    }
    return desk.write(Kind.SCAN, desk.subject(source), found.answers, details)


def _versions(names: Sequence[str]) -> dict[str, Any]:
    return {"plugged": {one.name: one.version for one in load_plugged(names)}} if names else {}


def _together(seen: Sequence[Inspection]) -> Inspection:
    if len(seen) == 1:
        return seen[0]
    return Inspection(
        answers=Answers(
            findings=tuple(finding for one in seen for finding in one.answers.findings),
            gaps=tuple(gap for one in seen for gap in one.answers.gaps),
            asked=seen[0].answers.asked if seen else (),
        ),
        files=tuple(file for one in seen for file in one.files),
    )


def _under(ref: str, found: Inspection) -> Inspection:
    """The same, with every path told apart by the place that it was found under."""
    single = len(found.files) == 1 and ref.replace("\\", "/").endswith(found.files[0].name)

    def at(place: Place) -> Place:
        return replace(place, path=ref if single else f"{ref.rstrip('/')}/{place.path}")

    def file(one: FileResult) -> FileResult:
        return replace(one, name=ref if single else f"{ref.rstrip('/')}/{one.name}")

    findings: tuple[Finding, ...] = tuple(replace(one, at=at(one.at)) for one in found.answers.findings)
    gaps: tuple[Gap, ...] = tuple(replace(one, at=at(one.at)) for one in found.answers.gaps)
    answers = Answers(findings=findings, gaps=gaps, asked=found.answers.asked)
    return Inspection(answers=answers, files=tuple(file(one) for one in found.files))
