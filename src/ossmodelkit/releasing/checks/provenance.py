"""Provenance and integrity: PRV-001 to PRV-011."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ossmodelkit import __version__
from ossmodelkit.core.artifact import payload_digest
from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.finding import Hit
from ossmodelkit.releasing import coverage, cyclonedx
from ossmodelkit.releasing.checks.asking import item
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import ALWAYS, CYCLONEDX, INDEX, PROVENANCE, SPDX
from ossmodelkit.releasing.manifest import IGNORED, SIGNATURE
from ossmodelkit.releasing.noting import missing, moot, wrong

CLUSTERS = 7
AGAIN = "release again: it is written for you"


@item("PRV-001")
def whole_folder_signed(dossier: Dossier) -> Iterator[Hit]:
    """The release is not signed."""
    if dossier.signature.state == "none":
        yield missing(SIGNATURE, "no signature", "give --key KEY; kit key gen makes one")


@item("PRV-002")
def documents_inside(dossier: Dossier) -> Iterator[Hit]:
    """A document lies outside the signature, where anybody could rewrite it."""
    if dossier.signature.state == "none":
        yield missing(SIGNATURE, "without a signature nothing is inside it", "give --key KEY")
        return
    for name in ALWAYS:
        if name not in dossier.documents:
            yield missing(name, "this document is absent", AGAIN)
        elif name not in dossier.signature.covered:
            yield wrong(name, "not covered by the signature", AGAIN)
    for name in sorted(set(dossier.signature.ignored) - set(IGNORED)):
        yield wrong(name, "the signature leaves this path out", "sign again without extra exclusions")


@item("PRV-003")
def names_bound(dossier: Dossier) -> Iterator[Hit]:
    """The payload digest is not that of these names and bytes, or no record speaks of it."""
    found = payload_digest({name: fact.sha256 for name, fact in dossier.files.items()})
    if found != dossier.sha256:
        yield wrong(INDEX, f"it says {dossier.sha256[:16]}, the files give {found[:16]}", AGAIN)
    index = _json(dossier, INDEX)
    if index.get("payload_sha256") not in (None, found):
        yield wrong(INDEX, "the index names another payload", AGAIN)
    if not any(record.subject.sha256 == found for record in dossier.records):
        yield missing("release/evidence", "no record speaks of these bytes", "kit audit MODEL records what is known")


@item("PRV-004")
def signer_pinned(dossier: Dossier) -> Iterator[Hit]:
    """Nothing says whose signature is to be trusted."""
    if not dossier.signature.pinned:
        remedy = "list the signer in trust.yaml: kit key trust KEY.pub --name NAME"
        yield missing("trust.yaml", f"no trust file names {dossier.signature.signer or 'a signer'}", remedy)


@item("PRV-005")
def parents_verified(dossier: Dossier) -> Iterator[Hit]:
    """A parent was used without anybody having looked at its bytes."""
    if not dossier.parents:
        yield moot(INDEX, "there is no parent")
    for parent in dossier.parents:
        if not parent.sha256:
            yield missing(INDEX, f"{parent.ref}: its digest was never recorded", "audit the base as a local folder")
        elif dossier.record(Kind.SCAN, parent.sha256) is None:
            yield missing(INDEX, f"{parent.ref or parent.sha256[:12]}: no scan of its bytes", "kit audit BASE")


@item("PRV-006")
def run_described(dossier: Dossier) -> Iterator[Hit]:
    """How these bytes came to be is not written down."""
    if not dossier.was_trained:
        yield moot(PROVENANCE, "no training run of ours made these bytes")
        return
    build = _json(dossier, PROVENANCE).get("predicate", {}).get("buildDefinition", {})
    if not build:
        yield missing(PROVENANCE, "no provenance statement", AGAIN)
    elif not build.get("resolvedDependencies"):
        yield wrong(PROVENANCE, "it names no parent and no data", "fine-tune again with this version of kit")


@item("PRV-007")
def cyclonedx_complete(dossier: Dossier) -> Iterator[Hit]:
    """The CycloneDX document is absent, or does not list every file with its digest."""
    bom = _json(dossier, CYCLONEDX)
    if not bom:
        yield missing(CYCLONEDX, "no CycloneDX document", AGAIN)
        return
    if bom.get("bomFormat") != "CycloneDX" or bom.get("specVersion") not in cyclonedx.VERSIONS:
        yield wrong(CYCLONEDX, f"not CycloneDX {' or '.join(cyclonedx.VERSIONS)}", AGAIN)
    listed = {c.get("name"): _sha256(c) for c in bom.get("components", ()) if c.get("type") == "file"}
    for name, fact in dossier.files.items():
        if listed.get(name) != fact.sha256:
            yield wrong(CYCLONEDX, f"{name}: {'absent' if name not in listed else 'another digest'}", AGAIN)
    if dossier.parents and not bom.get("metadata", {}).get("component", {}).get("pedigree", {}).get("ancestors"):
        yield wrong(CYCLONEDX, "no parent in the pedigree", AGAIN)


@item("PRV-008")
def spdx_complete(dossier: Dossier) -> Iterator[Hit]:
    """The SPDX document is absent, or its digests are not those of the files."""
    document = _json(dossier, SPDX)
    if not document:
        yield missing(SPDX, "no SPDX document", "pip install 'ossmodelkit[spdx]', then release again")
        return
    listed = {p.get("packageFileName"): _spdx_sha256(p) for p in document.get("packages", ())}
    for name, fact in dossier.files.items():
        if listed.get(name) != fact.sha256:
            yield wrong(SPDX, f"{name}: {'absent' if name not in listed else 'another digest'}", AGAIN)


@item("PRV-009")
def coverage_told(dossier: Dossier) -> Iterator[Hit]:
    """It is not told which of the seven clusters of minimum elements are empty."""
    clusters = coverage.minimum_elements(dossier)
    if len(clusters) != CLUSTERS or not all(element.origin for row in clusters.values() for element in row):
        yield wrong("release/checklist.json", "an element has no origin", AGAIN)


@item("PRV-010")
def reproducible(dossier: Dossier) -> Iterator[Hit]:
    """Building the bill of materials again from the same records gives other bytes."""
    shipped = dossier.documents.get(CYCLONEDX)
    if shipped is None:
        yield missing(CYCLONEDX, "nothing to compare with", AGAIN)
    elif f'"version": "{__version__}"'.encode() not in shipped:
        yield moot(CYCLONEDX, "another version of kit wrote it")
    elif shipped != cyclonedx.build(dossier, version=str(_json(dossier, CYCLONEDX).get("specVersion", ""))):
        yield wrong(CYCLONEDX, "the same records give another document", "release again with this version of kit")


@item("PRV-011")
def claims_pinned(dossier: Dossier) -> Iterator[Hit]:
    """Statements made after signing could be dropped and nobody would notice."""
    pinned = _json(dossier, INDEX).get("claims")
    if not isinstance(pinned, Mapping) or not pinned.get("kinds"):
        yield missing(INDEX, "the index does not say which statements must exist", AGAIN)


def _json(dossier: Dossier, name: str) -> dict[str, Any]:
    try:
        found = json.loads(dossier.documents.get(name, b"{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _sha256(component: Mapping[str, Any]) -> str:
    return next((h.get("content", "") for h in component.get("hashes", ()) if h.get("alg") == "SHA-256"), "")


def _spdx_sha256(package: Mapping[str, Any]) -> str:
    return next(
        (c.get("checksumValue", "") for c in package.get("checksums", ()) if c.get("algorithm") == "SHA256"), ""
    )


CHECKS = (
    whole_folder_signed,
    documents_inside,
    names_bound,
    signer_pinned,
    parents_verified,
    run_described,
    cyclonedx_complete,
    spdx_complete,
    coverage_told,
    reproducible,
    claims_pinned,
)
