"""What is known about a payload: one envelope for every kind of knowledge.

On disk a record is an in-toto Statement v1 (subject, predicateType, predicate).
Source: in-toto Attestation Framework, spec/v1/statement.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ossmodelkit.core.finding import Finding, Gap
from ossmodelkit.foundation.errors import UnreadableError, UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire

STATEMENT = "https://in-toto.io/Statement/v1"
URN = "urn:ossmodelkit:evidence:{kind}:v1"


class Kind(StrEnum):
    """What a record is about."""

    LICENSE = "license"
    SCAN = "scan"
    ESTIMATE = "estimate"
    DATA = "data"
    FINETUNE = "finetune"
    EVALUATE = "evaluate"
    LOADTEST = "loadtest"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a record speaks of: a payload digest, and the name it had at the time."""

    name: str
    sha256: str

    @property
    def short(self) -> str:
        """The first six digits, as used in file names."""
        return self.sha256[:6]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One record: who asked what about which bytes, when, and what came out.

    `details` holds the facts that belong to the kind, as plain JSON values.
    """

    kind: Kind
    subject: Subject
    created: datetime
    tool: str
    asked: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


def to_statement(record: Evidence) -> dict[str, Any]:
    """The in-toto statement of a record."""
    predicate = to_wire(record)
    del predicate["subject"], predicate["kind"]
    return {
        "_type": STATEMENT,
        "subject": [{"name": record.subject.name, "digest": {"sha256": record.subject.sha256}}],
        "predicateType": URN.format(kind=record.kind),
        "predicate": predicate,
    }


def from_statement(statement: Any, *, where: str) -> Evidence:
    """Read a statement back; keys that this version does not know are let pass.

    Raises `UnreadableError` naming `where` when it is no statement of ours.
    """
    try:
        if statement["_type"] != STATEMENT:
            raise ValueError(f"type {statement['_type']!r} is not an in-toto statement v1")
        kind = Kind(str(statement["predicateType"]).removeprefix("urn:ossmodelkit:evidence:").removesuffix(":v1"))
        subject = statement["subject"][0]
        data = dict(statement["predicate"])
        data["kind"] = kind.value
        data["subject"] = {"name": subject["name"], "sha256": subject["digest"]["sha256"]}
        return from_wire(Evidence, data, where=where, strict=False)
    except UsageError as error:
        raise UnreadableError(error.message, hint=error.hint) from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UnreadableError(f"{where} is not evidence: {error}", hint="move it out of the ledger") from error
