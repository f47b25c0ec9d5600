"""From a dossier to every document of a release, and the checklist they were judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.releasing import cyclonedx, index, layout, owed
from ossmodelkit.releasing.card import webpage
from ossmodelkit.releasing.card.blocks import Escape, card
from ossmodelkit.releasing.checklist import Checklist, judge
from ossmodelkit.releasing.checks import CATALOG
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.papers import papers


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lay beside the weights and is carried over: the card so far, license texts, notices.

    `third_party` holds license texts of parents by license id.
    """

    card: str = ""
    license: bytes = b""
    notice: bytes = b""
    third_party: Mapping[str, bytes] = field(default_factory=dict)
    others: Mapping[str, bytes] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How documents are to be written: escaping of strangers' text, versions, and which statements follow."""

    escape: Escape
    cyclonedx_version: str = "1.6"
    spdx: bool = True
    claims: tuple[str, ...] = ()


def assemble(dossier: Dossier, found: Found, wishes: Wishes) -> tuple[Dossier, Checklist]:
    """The dossier with all its documents, and the checklist; the same input gives the same bytes."""
    documents: dict[str, bytes] = dict(found.others)
    if found.license:
        documents[layout.LICENSE] = found.license
    documents |= index.evidence_files(dossier.records)
    documents[layout.ATTEST] = index.attestations(dossier.attestations)
    documents[layout.WAIVERS] = index.dump([to_wire(waiver) for waiver in dossier.waivers])
    documents[layout.NOTICE] = owed.notice(dossier, found.notice)
    if third := owed.third_party(dossier, found.third_party):
        documents[layout.THIRD_PARTY] = third
    documents |= papers(dossier, license_text=found.license, spdx=wishes.spdx)
    documents[layout.CYCLONEDX] = cyclonedx.build(dossier, version=wishes.cyclonedx_version)
    documents[layout.INDEX] = index.index(dossier, claims=wishes.claims, outside=found.outside)
    documents[layout.CHECKLIST] = documents[layout.CHECKLIST_TEXT] = documents[layout.PAGE] = b""
    documents[layout.CARD] = card(dossier, found.card, wishes.escape).encode("utf-8", "surrogateescape")
    covered = frozenset(documents)
    dossier = replace(dossier, documents=documents, signature=replace(dossier.signature, covered=covered))
    checklist = judge(dossier, CATALOG)
    documents[layout.CHECKLIST] = index.checklist_file(dossier, checklist)
    documents[layout.CHECKLIST_TEXT] = index.checklist_text(checklist, dossier.words.name)
    documents[layout.PAGE] = webpage.page(dossier, checklist).encode("utf-8", "backslashreplace")
    return replace(dossier, documents=documents), checklist
