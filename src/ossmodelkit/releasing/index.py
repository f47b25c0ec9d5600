"""`release/release.json`, the signed index of a release, and the records beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ossmodelkit import __version__
from ossmodelkit.core.evidence import Evidence, to_statement
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.releasing.checklist import Checklist
from ossmodelkit.releasing.coverage import minimum_elements, openness
from ossmodelkit.releasing.dossier import Attestation, Dossier
from ossmodelkit.releasing.layout import EVIDENCE

SCHEMA = "urn:ossmodelkit:release:v1"
CHECKLIST_SCHEMA = "urn:ossmodelkit:checklist:v1"


def dump(value: object) -> bytes:
    """JSON as every document of a release is written: indented, keys in the order given, newline at the end."""
    return (json.dumps(to_wire(value), indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def index(dossier: Dossier, *, claims: Iterable[str] = (), outside: Mapping[str, str] | None = None) -> bytes:
    """What the release is, by which demands it was judged, and which statements must follow it.

    `outside` holds the digests of files that the signature format leaves out (`.gitattributes`, …).
    """
    kinds = list(claims)
    return dump(
        {
            "schema": SCHEMA,
            "name": dossier.words.name,
            "version": dossier.words.version,
            "created": dossier.created,
            "tool": f"ossmodelkit {__version__}",
            "payload_sha256": dossier.sha256,
            "payload_files": len(dossier.files),
            "payload_bytes": sum(fact.bytes for fact in dossier.files.values()),
            "license": dossier.license_id,
            "words": dossier.words,
            "demands": dossier.demands,
            "claims": {"kinds": kinds, "least": len(kinds)},
            "outside": dict(outside or {}),
            "previous": dict(dossier.previous),
        }
    )


def evidence_files(records: Iterable[Evidence]) -> dict[str, bytes]:
    """Each record as a statement under a name of its own."""
    return {f"{EVIDENCE}/{r.kind}-{r.subject.short}.json": dump(to_statement(r)) for r in records}


def attestations(stated: Iterable[Attestation]) -> bytes:
    """What people stated."""
    return dump([to_wire(one) for one in stated])


def checklist_file(dossier: Dossier, checklist: Checklist) -> bytes:
    """The checklist for machines. Nobody trusts it: a reader judges again."""
    return dump(
        {
            "schema": CHECKLIST_SCHEMA,
            "outcome": checklist.outcome,
            "profiles": dossier.profiles,
            "totals": checklist.totals,
            "digest": checklist.digest,
            "items": lines(checklist),
            "minimum_elements": minimum_elements(dossier),
            "openness": openness(dossier),
        }
    )


def lines(checklist: Checklist) -> list[dict[str, Any]]:
    """Every item with its state, weight, reason, and waiver."""
    return [
        {
            "id": line.item.id,
            "title": line.item.title,
            "state": line.state.value,
            "severity": line.weight.value,
            "mode": line.item.mode,
            "why": line.why,
            **({"waived_by": line.waiver.owner, "until": line.waiver.expires.isoformat()} if line.waiver else {}),
        }
        for line in checklist.lines
    ]


def checklist_text(checklist: Checklist, name: str) -> bytes:
    """The checklist for people."""
    total = ", ".join(f"{count} {state}" for state, count in checklist.totals.items() if count)
    rows = [
        f"| {x.item.id} | {x.state} | {x.weight} | {x.item.title} | {_cell(x.why)} |"
        for x in checklist.lines
        if x.state != "not-applicable" or x.hits
    ]
    head = [
        f"# Checklist of {name}",
        "",
        f"{total}.",
        "",
        "| item | state | weight | question | seen |",
        "|---|---|---|---|---|",
    ]
    return ("\n".join([*head, *rows]) + "\n").encode("utf-8", "backslashreplace")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
