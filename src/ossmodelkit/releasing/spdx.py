"""The bill of materials as SPDX 2.3, written and validated by `spdx-tools` (the extra [spdx]).

Payload files are packages with a file name and `filesAnalyzed: false`: as files they would need a SHA-1 of
every weight. Source: SPDX specification 2.3, clauses 7.4 (package file name), 10 (license texts).
"""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

from ossmodelkit import __version__
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.releasing.card import validator
from ossmodelkit.releasing.cyclonedx import NAMESPACE
from ossmodelkit.releasing.dossier import Dossier, ParentFact
from ossmodelkit.releasing.owed import parent_name

MODEL = "SPDXRef-Model"


def build(dossier: Dossier, license_text: bytes) -> bytes:
    """The document as JSON; empty when `spdx-tools` is not installed. The same dossier gives the same bytes.

    Raises `KitError` when the library finds its own document invalid.
    """
    try:
        from spdx_tools.spdx.model import Document
        from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
        from spdx_tools.spdx.writer.json import json_writer
    except ImportError:
        return b""
    packages, relations = _packages(dossier)
    document = Document(
        creation_info=_creation(dossier),
        packages=packages,
        relationships=relations,
        extracted_licensing_info=_texts(dossier, license_text),
    )
    faults = validate_full_spdx_document(document)
    if faults:
        raise KitError(f"the SPDX document is invalid: {faults[0].validation_message}", hint="report it")
    out = io.StringIO()
    json_writer.write_document_to_stream(document, out, validate=False)
    return (out.getvalue().rstrip("\n") + "\n").encode()


def _creation(dossier: Dossier) -> Any:
    from spdx_tools.spdx.model import Actor, ActorType, CreationInfo

    serial = uuid.uuid5(NAMESPACE, f"spdx {dossier.sha256} {dossier.words.name} {dossier.created.isoformat()}")
    creators = [Actor(ActorType.TOOL, f"ossmodelkit-{__version__}")]
    if dossier.words.owner:
        creators.append(Actor(ActorType.ORGANIZATION, dossier.words.owner))
    return CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id="SPDXRef-DOCUMENT",
        name=dossier.words.name or "model",
        document_namespace=f"urn:uuid:{serial}",
        creators=creators,
        created=dossier.created.replace(tzinfo=None),
    )


def _packages(dossier: Dossier) -> tuple[list[Any], list[Any]]:
    from spdx_tools.spdx.model import (
        Checksum,
        ChecksumAlgorithm,
        Package,
        PackagePurpose,
        Relationship,
        SpdxNoAssertion,
    )
    from spdx_tools.spdx.model import RelationshipType as Kind

    concluded = _expression(dossier.license_id)
    packages = [
        Package(
            spdx_id=MODEL,
            name=dossier.words.name or "model",
            version=dossier.words.version or None,
            download_location=SpdxNoAssertion(),
            files_analyzed=False,
            license_concluded=concluded,
            license_declared=concluded,
            copyright_text=SpdxNoAssertion(),
            primary_package_purpose=PackagePurpose.OTHER,
            comment=f"payload SHA-256 {dossier.sha256}",
        )
    ]
    relations = [Relationship("SPDXRef-DOCUMENT", Kind.DESCRIBES, MODEL)]
    for number, (name, fact) in enumerate(sorted(dossier.files.items())):
        ref = f"SPDXRef-File-{number}"
        packages.append(
            Package(
                spdx_id=ref,
                name=name.rpartition("/")[2],
                file_name=name,
                download_location=SpdxNoAssertion(),
                files_analyzed=False,
                checksums=[Checksum(ChecksumAlgorithm.SHA256, fact.sha256)],
                primary_package_purpose=PackagePurpose.FILE,
            )
        )
        relations.append(Relationship(MODEL, Kind.CONTAINS, ref))
    for number, parent in enumerate(dossier.parents):
        packages.append(_parent(f"SPDXRef-Parent-{number}", parent))
        relations.append(Relationship(MODEL, Kind.DESCENDANT_OF, f"SPDXRef-Parent-{number}"))
    return packages, relations


def _parent(ref: str, parent: ParentFact) -> Any:
    from spdx_tools.spdx.model import Package, SpdxNoAssertion

    return Package(
        spdx_id=ref,
        name=parent_name(parent.ref, parent.sha256),
        version=parent.revision or None,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        license_declared=_expression(parent.license.lower()),
        comment=f"{parent.relation}; payload SHA-256 {parent.sha256 or 'unknown'}",
    )


def _expression(license_id: str) -> Any:
    from spdx_tools.common.spdx_licensing import spdx_licensing
    from spdx_tools.spdx.model import SpdxNoAssertion

    if not license_id or license_id in ("unknown", "other"):
        return SpdxNoAssertion()
    return spdx_licensing.parse(validator.hub()["spdx"].get(license_id) or _reference(license_id))


def _reference(license_id: str) -> str:
    return "LicenseRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", license_id)


def _texts(dossier: Dossier, license_text: bytes) -> list[Any]:
    from spdx_tools.spdx.model import ExtractedLicensingInfo

    wanted = {dossier.license_id: license_text.decode("utf-8", "replace")}
    wanted |= {parent.license.lower(): "" for parent in dossier.parents if parent.license.lower() not in wanted}
    return [
        ExtractedLicensingInfo(
            license_id=_reference(name),
            extracted_text=text or "The text lies in THIRD_PARTY_NOTICES.md.",
            license_name=name,
        )
        for name, text in wanted.items()
        if name and name not in ("unknown", "other") and name not in validator.hub()["spdx"]
    ]
