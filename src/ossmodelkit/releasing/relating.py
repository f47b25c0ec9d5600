"""Which records speak of a payload, and of everything it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.releasing.dossier import SHA256


def related(records: Iterable[Evidence], sha256: str) -> tuple[Evidence, ...]:
    """The records about a payload and about everything it was made from, of each kind the newest.

    Whatever digest a fine-tuning record names (base, data, teacher) is followed, and from there on.
    """
    every = tuple(records)
    wanted, seen = [sha256], set[str]()
    while wanted:
        digest = wanted.pop()
        if digest in seen:
            continue
        seen.add(digest)
        for record in every:
            if record.subject.sha256 == digest and record.kind is Kind.FINETUNE:
                wanted.extend(set(_digests(record.details)) - seen)
    latest: dict[tuple[Kind, str], Evidence] = {
        (record.kind, record.subject.sha256): record
        for record in every
        if record.kind is not Kind.RELEASE and _speaks_of(record, seen)
    }
    return tuple(record for record in every if latest.get((record.kind, record.subject.sha256)) is record)


def _speaks_of(record: Evidence, digests: set[str]) -> bool:
    """Whether a record is about one of these bytes; a data record is about each of its files as well."""
    if record.subject.sha256 in digests:
        return True
    return record.kind is Kind.DATA and not digests.isdisjoint(_digests(record.details.get("files")))


def _digests(value: object) -> Iterator[str]:
    if isinstance(value, str) and SHA256.fullmatch(value):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _digests(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _digests(inner)
