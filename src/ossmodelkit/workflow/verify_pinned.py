"""What the signed index pins beyond the signature: files the format leaves out, and statements that must follow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ossmodelkit.core.finding import Finding, Severity
from ossmodelkit.foundation.errors import IntegrityError, KitError
from ossmodelkit.releasing import listing, reading, statements, verifying
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import INDEX
from ossmodelkit.releasing.manifest import CLAIMS, GIT_PATHS, SIGNATURE
from ossmodelkit.workflow.verify_report import finding
from ossmodelkit.workflow.verify_signer import Identified


def statement_faults(folder: Path, dossier: Dossier, who: Identified) -> tuple[list[Finding], list[Finding]]:
    """What is wrong with the statements that follow, and what nobody promised although it is demanded."""
    promised = _kinds(json.loads(dossier.documents[INDEX]).get("claims"))
    broken: list[Finding] = []
    found: set[str] = set()
    try:
        found.update(_statements(folder, who))
        broken += [_missing(kind, "was promised by the signed index") for kind in promised if _uri(kind) not in found]
    except KitError as error:
        broken.append(_changed("statement-not-trusted", CLAIMS, error.message))
    required = [kind for kind in who.trust.required_claims if _uri(kind) not in found and kind not in promised]
    unmet = [_missing(kind, "is required by the trust file", Severity.HIGH) for kind in required]
    if not promised:
        saw = "the index does not say which statements must follow"
        unmet.append(finding("statement-missing", INDEX, saw, "ask the publisher for a new release"))
    return broken, unmet


def outside_faults(folder: Path, dossier: Dossier) -> Iterator[Finding]:
    """Files that the format leaves out, that the index pins, and that are not as they were."""
    pinned = json.loads(dossier.documents[INDEX]).get("outside")
    for name, digest in pinned.items() if isinstance(pinned, Mapping) else ():
        path = folder / name
        if name not in GIT_PATHS:
            yield _changed("file-changed", INDEX, f"it pins {name!r}, which the signature covers anyway")
        elif not os.path.lexists(path):
            yield _changed("file-missing", name, "the index pins it and it is not here")
        elif path.is_symlink() or not path.is_file():
            yield _changed("file-not-plain", name, "the index pins it as a plain file")
        elif listing.digest_files(folder, {name: path.stat().st_size})[name] != digest:
            yield _changed("file-changed", name, "its bytes are not those that the index pins")


def _statements(folder: Path, who: Identified) -> Iterator[str]:
    """The kinds of the statements that the signer made about this very signature; anything else raises."""
    path = folder / CLAIMS
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_file():
        raise IntegrityError("it is no plain file")
    signature = reading.read_document(folder / SIGNATURE)
    lines = reading.read_document(path)
    for statement in statements.read(lines, lambda envelope: verifying.check_signature(envelope, who.public)):
        if not statements.speaks_of(statement, signature):
            raise IntegrityError(f"a statement is about another release: {str(statement['predicateType'])[:80]}")
        yield str(statement["predicateType"])


def _uri(kind: str) -> str:
    return statements.KINDS.get(kind, kind)


def _kinds(pinned: Any) -> list[str]:
    kinds = pinned.get("kinds") if isinstance(pinned, Mapping) else None
    return sorted({kind for kind in kinds if isinstance(kind, str)}) if isinstance(kinds, list) else []


def _missing(kind: str, why: str, severity: Severity = Severity.CRITICAL) -> Finding:
    return finding("statement-missing", CLAIMS, f"{kind} {why}", "ask the publisher for the whole release", severity)


def _changed(check: str, path: str, saw: str) -> Finding:
    return finding(check, path, saw, "fetch the release again from its publisher", Severity.CRITICAL)
