"""Statements made after signing, one bundle a line in `claims.jsonl`, pinned by the signed index.

A statement speaks of three things at once: the payload, the card, and the signature it follows.
Sources: in-toto simple verification result v0.2 (policies are mandatory), SLSA provenance v1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ossmodelkit import __version__
from ossmodelkit.foundation.errors import IntegrityError
from ossmodelkit.releasing.checklist import Checklist
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.envelope import Envelope, Signer, seal, unseal
from ossmodelkit.releasing.layout import CARD, CHECKLIST, PROVENANCE
from ossmodelkit.releasing.manifest import MALFORMED, SIGNATURE, STATEMENT, fault_of, strict_json

RESULT = "https://in-toto.io/attestation/svr/v0.2"
BUILT = "https://slsa.dev/provenance/v1"
KINDS = {"result": RESULT, "provenance": BUILT}
MOST_LINES = 1000
AGAIN = "fetch the release again from its publisher"


def kinds_for(dossier: Dossier) -> tuple[str, ...]:
    """Which statements follow a release of this dossier."""
    return ("result", "provenance") if dossier.was_trained else ("result",)


def write(dossier: Dossier, checklist: Checklist, signature: bytes, signer: Signer) -> bytes:
    """The lines of `claims.jsonl`."""
    subjects = _subjects(dossier, signature)
    bodies = {"result": _result(dossier, checklist)}
    if "provenance" in kinds_for(dossier):
        bodies["provenance"] = json.loads(dossier.documents[PROVENANCE])["predicate"]
    lines = []
    for kind in kinds_for(dossier):
        statement = {"_type": STATEMENT, "subject": subjects, "predicateType": KINDS[kind], "predicate": bodies[kind]}
        text = json.dumps(statement, ensure_ascii=False, separators=(",", ":"))
        lines.append(seal(text.encode("utf-8", "backslashreplace"), signer))
    return b"".join(lines)


def read(data: bytes, check: Callable[[Envelope], object]) -> Iterator[Mapping[str, Any]]:
    """Each line's statement, taken apart once `check` let its envelope pass.

    Raises `IntegrityError` for a line that is no bundle or holds no statement.
    """
    if data.count(b"\n") > MOST_LINES:
        raise IntegrityError("there are more statements than anybody makes", hint=AGAIN)
    for line in data.splitlines():
        envelope = unseal(line)
        check(envelope)
        try:
            statement = strict_json(envelope.payload)
            if statement["_type"] != STATEMENT or not isinstance(statement["predicateType"], str):
                raise ValueError("no in-toto statement")
        except MALFORMED as error:
            raise IntegrityError(f"a line of claims.jsonl is malformed: {fault_of(error)}", hint=AGAIN) from error
        yield statement


def speaks_of(statement: Mapping[str, Any], signature: bytes) -> bool:
    """Whether a statement follows this very signature."""
    wanted = hashlib.sha256(signature).hexdigest()
    subjects = statement.get("subject")
    return isinstance(subjects, list) and any(
        isinstance(one, Mapping) and one.get("name") == SIGNATURE and one.get("digest") == {"sha256": wanted}
        for one in subjects
    )


def _subjects(dossier: Dossier, signature: bytes) -> list[dict[str, Any]]:
    digests = {
        dossier.words.name or "model": dossier.sha256,
        CARD: hashlib.sha256(dossier.documents[CARD]).hexdigest(),
        SIGNATURE: hashlib.sha256(signature).hexdigest(),
    }
    return [{"name": name, "digest": {"sha256": digest}} for name, digest in digests.items()]


def _result(dossier: Dossier, checklist: Checklist) -> dict[str, Any]:
    digest = hashlib.sha256(dossier.documents[CHECKLIST]).hexdigest()
    return {
        "verifier": {"id": f"ossmodelkit {__version__}"},
        "timeCreated": dossier.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "policies": [{"name": CHECKLIST, "digest": {"sha256": digest}}],
        "properties": [
            f"OSSMODELKIT_RELEASE_{checklist.outcome.upper()}",
            *(f"OSSMODELKIT_PROFILE_{name.upper().replace('-', '_')}" for name in dossier.profiles),
        ],
    }
