"""What `kit verify` has to say, in each of its cases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ossmodelkit.core.finding import Finding, Place, Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import IntegrityError, KitError
from ossmodelkit.releasing import index, verifying
from ossmodelkit.releasing.checklist import Checklist
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import INDEX
from ossmodelkit.releasing.manifest import CLAIMS
from ossmodelkit.workflow.verify_signer import Identified

MOST_NAMES = 20
TAMPERED, UNTRUSTED, VERIFIED, REFUSED = "tampered", "untrusted", "verified", "refused"


def judged(
    folder: Path,
    who: Identified,
    checked: verifying.Checked,
    dossier: Dossier,
    checklist: Checklist,
    extra: list[Finding],
    broken: list[Finding],
) -> Report:
    """Everything was as signed: the verdict that was drawn again, with what else was found.

    Broken statements are an attack on a release that holds, and fetching it again may help; a release that
    is refused stays refused, so that comes first.
    """
    serious = [finding for finding in extra if finding.severity.rank >= Severity.MEDIUM.rank]
    passed = checklist.outcome is Outcome.PASS and not serious
    refusing = {line.item.id for line in checklist.refused}
    findings = [f for f in checklist.findings() if f.check in refusing]
    totals = checklist.totals
    said = ", ".join(f"{count} {state}" for state, count in totals.items() if count)
    return Report(
        command="verify",
        subject=str(folder),
        verdict=REFUSED if not passed else TAMPERED if broken else VERIFIED,
        outcome=Outcome.PASS if passed and not broken else Outcome.FAIL,
        summary=f"signed by {who.name}, {len(checked.digests)} files as signed; judged again: {said}",
        findings=(*broken, *findings, *extra),
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


def tampered(folder: Path, who: Identified, checked: verifying.Checked, faults: list[Finding]) -> Report:
    """The folder is not what was signed."""
    return Report(
        command="verify",
        subject=str(folder),
        verdict=TAMPERED,
        outcome=Outcome.FAIL,
        summary=f"signed by {who.name}, and changed since in {len(faults)} place{'s' * (len(faults) != 1)}",
        findings=tuple(faults),
        notes=tuple(_not_covered(checked)),
        next_steps=("do not use this folder; fetch the release again from its publisher",),
        data=_data(who, checked),
    )


def not_trusted(folder: Path, error: IntegrityError) -> Report:
    """The signature is absent, broken, or not by anybody accepted."""
    return Report(
        command="verify",
        subject=str(folder),
        verdict=UNTRUSTED,
        outcome=Outcome.FAIL,
        summary=error.message,
        findings=(finding("signature-not-trusted", "model.sig", error.message, error.hint, Severity.CRITICAL),),
        next_steps=(error.hint,) if error.hint else (),
    )


def unreadable(folder: Path, who: Identified, checked: verifying.Checked, error: KitError) -> Report:
    """As signed, and its documents cannot be read."""
    return Report(
        command="verify",
        subject=str(folder),
        verdict=REFUSED,
        outcome=Outcome.INCOMPLETE,
        summary=f"signed by {who.name}, and cannot be judged: {error.message}",
        findings=(finding("release-unreadable", INDEX, error.message, error.hint),),
        data=_data(who, checked),
    )


def bare(folder: Path, who: Identified, checked: verifying.Checked, *, refused: bool) -> Report:
    """As signed, by whatever tool; there are no documents to judge again, so demands cannot be met.

    Documents that lie here unsigned are anybody's, and look like the signer's: that is refused, too.
    """
    unsigned = os.path.lexists(folder / INDEX)
    refused = refused or unsigned
    note = "signed, and without a release's documents: there is nothing to judge again"
    if unsigned:
        note = "the documents of a release lie here, and the signature leaves them out: anybody may have written them"
    return Report(
        command="verify",
        subject=str(folder),
        verdict=REFUSED if refused else VERIFIED,
        outcome=Outcome.FAIL if refused else Outcome.PASS,
        summary=f"signed by {who.name}, {len(checked.digests)} files as signed",
        findings=(finding("release-without-documents", INDEX, note, "ask the publisher for a release"),)
        if refused
        else (),
        notes=(note, *_not_covered(checked)),
        data=_data(who, checked),
    )


def differences(difference: verifying.Difference) -> Iterator[Finding]:
    """A finding for every name that differs."""
    told = (
        ("file-changed", difference.changed, "its bytes are not those that were signed"),
        ("file-added", difference.added, "nobody signed for this file"),
        ("file-missing", difference.missing, "it was signed and is not here"),
    )
    for check, names, saw in told:
        for name in names:
            yield finding(check, name, saw, "fetch the release again from its publisher", Severity.CRITICAL)
    for old, new in difference.renamed:
        yield finding("file-renamed", new, f"signed as {old!r}", "fetch the release again", Severity.CRITICAL)
    for name, what in difference.odd:
        yield finding(
            "file-not-plain", name, f"it is {what}", "a signed release holds plain files only", Severity.CRITICAL
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
        shown = [f"{name} (an empty folder)" if name.endswith("/") else name for name in names[:MOST_NAMES]]
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield "not covered by the signature: " + ", ".join(shown) + more


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


def finding(check: str, path: str, saw: str, remedy: str, severity: Severity = Severity.HIGH) -> Finding:
    """A finding of the verifier itself; its title is its id in words."""
    title = check.replace("-", " ").capitalize() + "."
    return Finding(check=check, severity=severity, title=title, at=Place(path=path), saw=saw, remedy=remedy)
