"""Operations: OPS-001 to OPS-010."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.finding import Hit
from ossmodelkit.releasing.checks.asking import as_date, attested, item, measured
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.items import items
from ossmodelkit.releasing.layout import ATTEST, WAIVERS
from ossmodelkit.releasing.noting import stale, wrong


@item("OPS-001")
def alerts_tested(dossier: Dossier) -> Iterator[Hit]:
    """No tested alert rules exist."""
    yield from measured(dossier, "OPS-001")


@item("OPS-002")
def baseline_stored(dossier: Dossier) -> Iterator[Hit]:
    """There is no reference sample to measure drift against."""
    yield from measured(dossier, "OPS-002")


@item("OPS-003")
def owner_named(dossier: Dossier) -> Iterator[Hit]:
    """Nobody is named who answers for this model."""
    yield from attested(dossier, "OPS-003")
    stated = dossier.attested("OPS-003")
    review = as_date(stated.answers.get("next_review")) if stated else None
    if stated and review is None:
        yield wrong(ATTEST, "next_review is no date", "write it like 2026-01-31")
    elif review is not None and review < dossier.released:
        yield stale(ATTEST, f"the review was due on {review}", "review it, and state the next date")


@item("OPS-004")
def stop_switch(dossier: Dossier) -> Iterator[Hit]:
    """Nobody states how to switch it off and whom to tell."""
    yield from attested(dossier, "OPS-004")


@item("OPS-005")
def logging_stated(dossier: Dossier) -> Iterator[Hit]:
    """Nobody states what is logged and for how long."""
    yield from attested(dossier, "OPS-005")


@item("OPS-006")
def content_marked(dossier: Dossier) -> Iterator[Hit]:
    """Nobody states how made content is marked and users are told."""
    yield from attested(dossier, "OPS-006")


@item("OPS-007")
def filings_answered(dossier: Dossier) -> Iterator[Hit]:
    """Nobody states which markets are served and what they ask for."""
    yield from attested(dossier, "OPS-007")


@item("OPS-008")
def end_of_life(dossier: Dossier) -> Iterator[Hit]:
    """Nobody states how long this is supported and how it would be withdrawn."""
    yield from attested(dossier, "OPS-008")


@item("OPS-009")
def waivers_sound(dossier: Dossier) -> Iterator[Hit]:
    """A waiver is expired, dated in the future, speaks of nothing known, or of what cannot be waived."""
    for fault in dossier.waiver_faults:
        yield wrong(WAIVERS, fault, "correct the waiver in kit.toml, or take it out")
    catalog = {one.id: one for one in items()}
    known = set(catalog)
    for record in dossier.records:
        known |= set(record.asked) | {finding.check for finding in record.findings}
    for waiver in dossier.waivers:
        if waiver.check not in known:
            yield wrong(WAIVERS, f"no item and no check is called {waiver.check!r}", "correct its name: no wildcards")
        elif waiver.check in catalog and not catalog[waiver.check].waivable:
            yield wrong(WAIVERS, f"{waiver.check} cannot be waived", "fulfil it, and take the waiver out")
        if waiver.expires < dossier.today:
            yield wrong(
                WAIVERS, f"the waiver for {waiver.check} expired on {waiver.expires}", "fulfil it, or decide again"
            )
        if waiver.created > dossier.today:
            yield wrong(WAIVERS, f"the waiver for {waiver.check} begins on {waiver.created}", "correct its date")
        if waiver.sha256 not in ("", dossier.sha256):
            yield wrong(WAIVERS, f"the waiver for {waiver.check} is about other bytes", "decide again for these bytes")


@item("OPS-010")
def go_decision(dossier: Dossier) -> Iterator[Hit]:
    """Nobody approved this checklist."""
    yield from attested(dossier, "OPS-010")
    stated = dossier.attested("OPS-010")
    if stated and str(stated.answers.get("checklist_sha256", "")) != dossier.checklist_digest:
        remedy = f"approve what stands there now: checklist_sha256 = {dossier.checklist_digest}"
        yield stale(ATTEST, "another checklist was approved", remedy)


CHECKS = (
    alerts_tested,
    baseline_stored,
    owner_named,
    stop_switch,
    logging_stated,
    content_marked,
    filings_answered,
    end_of_life,
    waivers_sound,
    go_decision,
)
