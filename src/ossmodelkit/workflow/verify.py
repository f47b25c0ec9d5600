"""Is this what was released, by whom, and does it still hold? `kit verify`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from ossmodelkit.core.artifact import is_wrapping, payload_digest
from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.finding import Finding
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import IntegrityError, KitError, SourceError
from ossmodelkit.releasing import verifying
from ossmodelkit.releasing.checklist import judge
from ossmodelkit.releasing.demands import Demands, read_demands
from ossmodelkit.releasing.dossier import Dossier, Signature
from ossmodelkit.releasing.layout import INDEX
from ossmodelkit.workflow import verify_report as telling
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.verify_signer import Identified, Whom, identify

INTEGRITY = ("tampered", "untrusted")
CLOCKS_APART = timedelta(minutes=10)


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
        return telling.not_trusted(folder, error)
    checked = verifying.check_files(folder, who.manifest, progress=desk.progress)
    if checked.difference:
        return telling.tampered(folder, who, checked, list(telling.differences(checked.difference)))
    checked = verifying.with_sha256(folder, checked, progress=desk.progress)
    if INDEX not in checked.digests:
        return _bare(folder, who, checked, wanted, desk)
    return _judged(folder, who, checked, wanted, demands, desk)


def _bare(folder: Path, who: Identified, checked: verifying.Checked, wanted: Wanted, desk: Desk) -> Report:
    payload = {name: digest for name, digest in checked.digests.items() if not is_wrapping(name)}
    try:
        who.check_payload(payload_digest(payload), desk.now.date())
    except IntegrityError as error:
        return telling.not_trusted(folder, error)
    return telling.bare(folder, who, checked, refused=bool(wanted.policy or who.trust.demanding))


def _judged(
    folder: Path, who: Identified, checked: verifying.Checked, wanted: Wanted, demands: Demands | None, desk: Desk
) -> Report:
    from ossmodelkit.releasing.checks import CATALOG
    from ossmodelkit.releasing.reading import read_dossier
    from ossmodelkit.workflow.verify_pinned import outside_faults, statement_faults

    covered = frozenset(checked.digests)
    signature = Signature(
        state="verified", signer=who.name, pinned=True, pinned_by=who.pinned_by, covered=covered,
        ignored=who.manifest.ignored,
    )  # fmt: skip
    try:
        dossier = read_dossier(folder, checked.sizes, checked.digests, signature, desk.now.date())
        who.check_payload(dossier.sha256, dossier.created.date())
    except IntegrityError as error:
        return telling.not_trusted(folder, error)
    except KitError as error:
        return telling.unreadable(folder, who, checked, error)
    if changed := list(outside_faults(folder, dossier)):
        return telling.tampered(folder, who, checked, changed)
    dossier = replace(dossier, own_demands=dossier.demands, demands=_all_demands(dossier, demands, who))
    checklist = judge(dossier, CATALOG)
    broken, unmet = statement_faults(folder, dossier, who)
    extra = [*unmet, *_clock(dossier, who), *_rescan(folder, wanted, desk, dossier)]
    return telling.judged(folder, who, checked, dossier, checklist, extra, broken)


def _all_demands(dossier: Dossier, demands: Demands | None, who: Identified) -> Demands:
    found = dossier.demands if demands is None else dossier.demands.and_also(demands)
    return found.and_also(who.demands) if who.demands else found


def _clock(dossier: Dossier, who: Identified) -> Iterator[Finding]:
    today = dossier.today
    if (dossier.created - CLOCKS_APART).date() > today:
        yield telling.finding(
            "release-from-the-future", INDEX, f"made on {dossier.created.date()}", "check both clocks"
        )
    for record in dossier.records:
        if (record.created - CLOCKS_APART).date() > today:
            saw = f"the {record.kind} record is dated {record.created.date()}"
            yield telling.finding("evidence-from-the-future", INDEX, saw, "check both clocks")
    for kind, days in who.max_age_days.items():
        newest = dossier.record(Kind(kind))
        if newest is None:
            saw = f"there is no {kind} record, and one of the last {days} days is demanded"
            yield telling.finding("evidence-missing", INDEX, saw, "ask the publisher for a new release")
        elif (age := (today - newest.created.date()).days) > days:
            saw = f"the {kind} record is {age} days old; {days} are allowed"
            yield telling.finding("evidence-too-old", INDEX, saw, "ask the publisher for a new release")


def _rescan(folder: Path, wanted: Wanted, desk: Desk, dossier: Dossier) -> Iterator[Finding]:
    if not wanted.scan:
        return
    from ossmodelkit.sources.opening import open_source
    from ossmodelkit.workflow import scan

    record = scan.gather(open_source(str(folder)), replace(desk, project=None))
    bar = dossier.demands.refuse_at.rank
    yield from (finding for finding in record.findings if finding.severity.rank >= bar)
    for gap in record.gaps:
        yield telling.finding("scan-left-a-gap", gap.at.path, gap.reason, gap.remedy or "do not load this file")
