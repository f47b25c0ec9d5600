"""Is this what was released, by whom, and does it still hold? `kit verify`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ossmodelkit.core.finding import Finding, Place, Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import IntegrityError, KitError, SourceError
from ossmodelkit.releasing import index, verifying
from ossmodelkit.releasing.checklist import Checklist, judge
from ossmodelkit.releasing.demands import Demands, read_demands
from ossmodelkit.releasing.dossier import Dossier, Signature
from ossmodelkit.releasing.layout import INDEX
from ossmodelkit.releasing.manifest import CLAIMS
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.verify_signer import Identified, Whom, claims_faults, identify, index_faults

INTEGRITY = ("tampered", "untrusted")
TAMPERED, UNTRUSTED, VERIFIED, REFUSED = "tampered", "untrusted", "verified", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a reader asks of a release: whose signature, which demands, and whether to scan again."""

    whom: Whom
    policy: str = ""
    scan: bool = False


def verify(folder: Path, wanted: Wanted, *, desk: Desk) -> Report:
    """Verify the signature and every digest, then judge again from the evidence inside.

    The verdict is verified, refused (the demands are not met), tampered or untrusted. Raises
    `SourceError` when there is no folder, `UsageError` for a key or a policy that cannot be read.
    """
    if not folder.is_dir():
        raise SourceError(f"no release at {str(folder)!r}", hint="give the folder that holds model.sig")
    demands = read_demands(wanted.policy) if wanted.policy else None
    wanted.whom.load()
    try:
        who = identify(folder, wanted.whom, desk.now)
    except IntegrityError as error:
        return _not_trusted(folder, error)
    checked = verifying.check_files(folder, who.manifest, progress=desk.progress)
    faults = [*_differences(checked.difference), *index_faults(folder, checked)]
    if faults:
        return _tampered(folder, who, checked, faults)
    if INDEX not in checked.digests:
        return _bare(folder, who, checked, wanted)
    return _judged(folder, who, checked, wanted, demands, desk)


def _judged(
    folder: Path, who: Identified, checked: verifying.Checked, wanted: Wanted, demands: Demands | None, desk: Desk
) -> Report:
    from ossmodelkit.releasing.checks import CATALOG
    from ossmodelkit.releasing.reading import read_dossier

    covered = frozenset(checked.digests)
    signature = Signature(
        state="verified", signer=who.name, pinned=True, pinned_by=who.pinned_by, covered=covered,
        ignored=who.manifest.ignored,
    )  # fmt: skip
    sizes = {name: (folder / name).lstat().st_size for name in checked.digests}
    try:
        dossier = read_dossier(folder, sizes, checked.digests, signature, desk.now.date())
        who.check_payload(dossier)
    except IntegrityError as error:
        return _not_trusted(folder, error)
    except KitError as error:
        return _unreadable(folder, who, checked, error)
    dossier = replace(dossier, demands=_all_demands(dossier, demands, who))
    checklist = judge(dossier, CATALOG)
    extra = [*claims_faults(folder, dossier, who), *_clock(dossier, who), *_rescan(folder, wanted, desk, dossier)]
    return _report(folder, who, checked, dossier, checklist, extra)


def _report(
    folder: Path,
    who: Identified,
    checked: verifying.Checked,
    dossier: Dossier,
    checklist: Checklist,
    extra: list[Finding],
) -> Report:
    serious = [finding for finding in extra if finding.severity.rank >= Severity.MEDIUM.rank]
    passed = checklist.outcome is Outcome.PASS and not serious
    refusing = {line.item.id for line in checklist.refused}
    findings = [f for f in checklist.findings() if f.check in refusing]
    totals = checklist.totals
    said = ", ".join(f"{count} {state}" for state, count in totals.items() if count)
    return Report(
        command="verify",
        subject=str(folder),
        verdict=VERIFIED if passed else REFUSED,
        outcome=Outcome.PASS if passed else Outcome.FAIL,
        summary=f"signed by {who.name}, {len(checked.digests)} files as signed; judged again: {said}",
        findings=(*findings, *extra),
        asked=tuple(line.item.id for line in checklist.lines),
        tables=(_facts(who, checked, dossier),),
        notes=(*_not_covered(checked), *_waived(checklist)),
        data={
            **_data(who, checked),
            "name": dossier.words.name,
            "version": dossier.words.version,
            "created": dossier.created,
            "payload_sha256": dossier.sha256,
            "profiles": dossier.profiles,
            "totals": totals,
            "items": index.lines(checklist),
        },
    )


def _all_demands(dossier: Dossier, demands: Demands | None, who: Identified) -> Demands:
    found = dossier.demands if demands is None else dossier.demands.and_also(demands)
    return found.and_also(who.demands) if who.demands else found


def _clock(dossier: Dossier, who: Identified) -> Iterator[Finding]:
    today = dossier.today
    if dossier.created.date() > today:
        yield _finding("release-from-the-future", INDEX, f"made on {dossier.created.date()}", "check both clocks")
    for record in dossier.records:
        if record.created.date() > today:
            saw = f"the {record.kind} record is dated {record.created.date()}"
            yield _finding("evidence-from-the-future", INDEX, saw, "check both clocks")
    for kind, days in (who.max_age_days or {}).items():
        for record in dossier.records:
            if (
                record.kind == kind
                and record.subject.sha256 == dossier.sha256
                and (today - record.created.date()).days > days
            ):
                saw = f"the {kind} record is {(today - record.created.date()).days} days old; {days} are allowed"
                yield _finding("evidence-too-old", INDEX, saw, "ask the publisher for a new release")


def _rescan(folder: Path, wanted: Wanted, desk: Desk, dossier: Dossier) -> Iterator[Finding]:
    if not wanted.scan:
        return
    from ossmodelkit.sources.opening import open_source
    from ossmodelkit.workflow import scan

    record = scan.gather(open_source(str(folder)), replace(desk, project=None))
    bar = dossier.demands.refuse_at.rank
    yield from (finding for finding in record.findings if finding.severity.rank >= bar)
    for gap in record.gaps:
        yield _finding("scan-left-a-gap", gap.at.path, gap.reason, gap.remedy or "do not load this file")


def _differences(difference: verifying.Difference) -> Iterator[Finding]:
    told = (
        ("file-changed", difference.changed, "its bytes are not those that were signed"),
        ("file-added", difference.added, "nobody signed for this file"),
        ("file-missing", difference.missing, "it was signed and is not here"),
    )
    for check, names, saw in told:
        for name in names:
            yield _finding(check, name, saw, "fetch the release again from its publisher", Severity.CRITICAL)
    for old, new in difference.renamed:
        yield _finding("file-renamed", new, f"signed as {old!r}", "fetch the release again", Severity.CRITICAL)
    for name, what in difference.odd:
        yield _finding(
            "file-not-plain", name, f"it is {what}", "a signed release holds plain files only", Severity.CRITICAL
        )


def _tampered(folder: Path, who: Identified, checked: verifying.Checked, faults: list[Finding]) -> Report:
    return Report(
        command="verify",
        subject=str(folder),
        verdict=TAMPERED,
        outcome=Outcome.FAIL,
        summary=f"signed by {who.name}, and not the same any more: {len(faults)} differences",
        findings=tuple(faults),
        notes=tuple(_not_covered(checked)),
        next_steps=("do not use this folder; fetch the release again from its publisher",),
        data=_data(who, checked),
    )


def _not_trusted(folder: Path, error: IntegrityError) -> Report:
    return Report(
        command="verify",
        subject=str(folder),
        verdict=UNTRUSTED,
        outcome=Outcome.FAIL,
        summary=error.message,
        findings=(_finding("signature-not-trusted", "model.sig", error.message, error.hint, Severity.CRITICAL),),
        next_steps=(error.hint,) if error.hint else (),
    )


def _unreadable(folder: Path, who: Identified, checked: verifying.Checked, error: KitError) -> Report:
    return Report(
        command="verify",
        subject=str(folder),
        verdict=REFUSED,
        outcome=Outcome.FAIL,
        summary=f"signed by {who.name}, and cannot be judged: {error.message}",
        findings=(_finding("release-unreadable", INDEX, error.message, error.hint),),
        data=_data(who, checked),
    )


def _bare(folder: Path, who: Identified, checked: verifying.Checked, wanted: Wanted) -> Report:
    refused = bool(wanted.policy or who.demands)
    note = "signed, and without a release's documents: there is nothing to judge again"
    return Report(
        command="verify",
        subject=str(folder),
        verdict=REFUSED if refused else VERIFIED,
        outcome=Outcome.FAIL if refused else Outcome.PASS,
        summary=f"signed by {who.name}, {len(checked.digests)} files as signed",
        findings=(_finding("release-without-documents", INDEX, note, "ask the publisher for a release"),)
        if refused
        else (),
        notes=(note, *_not_covered(checked)),
        data=_data(who, checked),
    )


def _facts(who: Identified, checked: verifying.Checked, dossier: Dossier) -> Table:
    rows = (
        ("release", f"{dossier.words.name} {dossier.words.version}".strip()),
        ("signed by", who.name + (f", known as {who.pinned_by}" if who.pinned_by else "")),
        ("made", f"{dossier.created:%Y-%m-%d %H:%M} UTC"),
        ("payload", f"{dossier.sha256[:16]}…  {len(dossier.files)} of {len(checked.digests)} files"),
        ("license", dossier.license_id or "none"),
        ("profiles", ", ".join(dossier.profiles)),
    )
    return Table(title="", columns=("", ""), rows=rows)


def _not_covered(checked: verifying.Checked) -> Iterator[str]:
    names = [name for name in checked.not_covered if name != CLAIMS]  # its lines have signatures of their own
    if names:
        yield "not covered by the signature: " + ", ".join(names)


def _waived(checklist: Checklist) -> Iterator[str]:
    for line in checklist.lines:
        if line.waiver:
            yield f"waived until {line.waiver.expires}: {line.item.id} {line.item.title} ({line.waiver.owner})"


def _data(who: Identified, checked: verifying.Checked) -> dict[str, object]:
    return {
        "signer": who.name,
        "fingerprint": who.fingerprint,
        "trusted_as": who.pinned_by,
        "files": len(checked.digests),
        "changed": checked.difference.changed,
        "added": checked.difference.added,
        "missing": checked.difference.missing,
        "renamed": checked.difference.renamed,
        "odd": checked.difference.odd,
        "not_covered": checked.not_covered,
    }


def _finding(check: str, path: str, saw: str, remedy: str, severity: Severity = Severity.HIGH) -> Finding:
    title = check.replace("-", " ").capitalize() + "."
    return Finding(check=check, severity=severity, title=title, at=Place(path=path), saw=saw, remedy=remedy)
