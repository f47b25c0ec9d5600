"""Read a release back into the dossier it was judged as, trusting nothing that could be drawn again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ossmodelkit.core.artifact import is_wrapping, payload_digest
from ossmodelkit.core.evidence import Evidence, from_statement
from ossmodelkit.core.policy import Waiver
from ossmodelkit.foundation.errors import IntegrityError, KitError, UnreadableError
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.releasing.demands import Demands
from ossmodelkit.releasing.dossier import Attestation, Dossier, FileFact, Signature, Words
from ossmodelkit.releasing.layout import ATTEST, EVIDENCE, INDEX, WAIVERS

SMALL_TEXT = 1024 * 1024
ALL_TEXTS = 16 * 1024 * 1024
LARGEST_DOCUMENT = 64 * 1024 * 1024
TEXT_ENDINGS = (".json", ".txt", ".md", ".yaml", ".yml", ".toml", ".jinja", ".cfg", ".ini", ".py")

Read = Callable[[str], bytes]


def read_dossier(
    folder: Path, sizes: Mapping[str, int], digests: Mapping[str, str], signature: Signature, today: date
) -> Dossier:
    """The dossier of the release in `folder`, whose files have these sizes and verified digests.

    Raises `UnreadableError` when the signed index or a signed record cannot be read.
    """
    payload = {n: FileFact(bytes=sizes[n], sha256=digests[n]) for n in sorted(sizes) if not is_wrapping(n)}
    wrapping = {n: _verified(folder, n, digests) for n in sorted(sizes) if is_wrapping(n)}
    index = _json(wrapping, INDEX)
    if not isinstance(index, dict):
        raise UnreadableError(f"{INDEX} is no table", hint="ask the publisher to release again")
    waivers, faults = read_waivers(_json(wrapping, WAIVERS, default=[]))
    return Dossier(
        words=from_wire(Words, index.get("words", {}), where=INDEX, strict=False),
        sha256=payload_digest({name: fact.sha256 for name, fact in payload.items()}),
        files=payload,
        created=_moment(index.get("created")),
        today=today,
        demands=_demands(index),
        records=in_order(read_records(wrapping)),
        attestations=read_attestations(_json(wrapping, ATTEST, default=[])),
        waivers=waivers,
        waiver_faults=faults,
        documents=wrapping,
        texts={name: _verified(folder, name, digests) for name in small_names(sizes)},
        signature=signature,
        previous=index.get("previous") or {},
    )


def small_texts(folder: Path, sizes: Mapping[str, int]) -> dict[str, bytes]:
    """The small text files of a payload: configurations, templates, indexes."""
    return {name: read_document(folder / name) for name in small_names(sizes)}


def small_names(sizes: Mapping[str, int]) -> list[str]:
    """Which payload files count as small texts, all of them together within a bound."""
    found: list[str] = []
    left = ALL_TEXTS
    for name in sorted(sizes):
        if name.endswith(TEXT_ENDINGS) and sizes[name] <= min(SMALL_TEXT, left) and not is_wrapping(name):
            found.append(name)
            left -= sizes[name]
    return found


def _verified(folder: Path, name: str, digests: Mapping[str, str]) -> bytes:
    """A document with the digest that was just verified: nobody may swap it between the two looks."""
    data = read_document(folder / name)
    if hashlib.sha256(data).hexdigest() != digests[name]:
        raise IntegrityError(f"{name!r} changed while it was verified", hint="do not use this folder")
    return data


def read_document(path: Path) -> bytes:
    """The bytes of one document, bounded."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_DOCUMENT + 1)
    except OSError as error:
        raise UnreadableError(f"cannot read {str(path)!r}: {error.strerror}") from error
    if len(data) > LARGEST_DOCUMENT:
        raise UnreadableError(f"{str(path)!r} is too large for a document")
    return data


def read_records(documents: Mapping[str, bytes]) -> Iterable[Evidence]:
    """The records of a release."""
    for name, data in documents.items():
        if name.startswith(EVIDENCE + "/") and name.endswith(".json"):
            try:
                yield from_statement(json.loads(data), where=name)
            except (ValueError, RecursionError) as error:
                raise UnreadableError(
                    f"{name} is not JSON: {error}", hint="ask the publisher to release again"
                ) from error


def in_order(records: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Records in the one order that documents are built in: by time, kind and subject."""
    return tuple(sorted(records, key=lambda r: (r.created, r.kind.value, r.subject.sha256)))


def read_waivers(listed: Any) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """The waivers that keep to the rules, and what is wrong with the others."""
    found: list[Waiver] = []
    faults: list[str] = []
    for one in listed if isinstance(listed, list) else ():
        try:
            found.append(from_wire(Waiver, one, where=WAIVERS))
        except KitError as error:
            faults.append(error.message)
    return tuple(found), tuple(faults)


def read_attestations(listed: Any) -> tuple[Attestation, ...]:
    """What people stated; an entry that cannot be read counts as not stated."""
    found = []
    for one in listed if isinstance(listed, list) else ():
        try:
            found.append(from_wire(Attestation, one, where=ATTEST, strict=False))
        except KitError:
            continue
    return tuple(found)


def _demands(index: Mapping[str, Any]) -> Demands:
    try:
        return from_wire(Demands, index.get("demands", {}), where=INDEX)
    except KitError as error:
        raise UnreadableError(error.message, hint="the publisher's policy cannot be read: judge by --policy") from error


def _json(documents: Mapping[str, bytes], name: str, default: Any = None) -> Any:
    if name not in documents:
        return default
    try:
        return json.loads(documents[name])
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{name} is not JSON: {error}", hint="ask the publisher to release again") from error


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UnreadableError(f"{INDEX} has no date", hint="ask the publisher to release again") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
