"""What the project's own records say about the data that a model was trained on."""

from __future__ import annotations

from collections.abc import Iterable

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.core.source import Source
from ossmodelkit.licensing import expressions, lineage
from ossmodelkit.workflow.desk import Desk

RECORD = "run record"


def trained_on(source: Source, desk: Desk) -> tuple[Parent, ...]:
    """The training data of these weights, where a license of it was told.

    By the run records of the project, which name the data by digest, and the data records about that digest.
    Data whose license nobody told is left to the release checklist, which asks for it.
    """
    records = desk.evidence()
    runs = [record for record in records if record.kind is Kind.FINETUNE]
    if not runs:
        return ()
    payload = desk.subject(source).sha256
    made = (run for run in runs if run.subject.sha256 == payload)
    return tuple(parent for run in made for parent in _data_of(run, records))


def _data_of(run: Evidence, records: Iterable[Evidence]) -> Iterable[Parent]:
    data = run.details.get("data")
    if not isinstance(data, dict) or not (sha256 := str(data.get("sha256", ""))):
        return
    told = [str(data["license"])] if data.get("license") else []
    name = sha256[:16]
    for record in records:
        names = [str(f.get("name")) for f in _files(record) if f.get("sha256") == sha256]
        if names:
            name = names[0]
            told += record.details.get("licenses", {})
            told += (one for card in record.details.get("card_licenses", {}).values() for one in card)
    if told:
        words = " AND ".join(dict.fromkeys(told))
        yield Parent(ref=name, relation=Relation.DATASET, declared_in=RECORD, sha256=sha256, license=words)


def _files(record: Evidence) -> Iterable[dict[str, object]]:
    files = record.details.get("files")
    if record.kind is not Kind.DATA or not isinstance(files, list):
        return ()
    return (one for one in files if isinstance(one, dict))


def as_told(parent: Parent) -> lineage.Resolved | None:
    """The license that a record tells of a parent, or None where none does."""
    if not parent.license:
        return None
    found = expressions.resolve(tuple(parent.license.split(" AND ")))
    return lineage.Resolved(licenses=found.ids, how="stated", note=found.issue or f"by the project's {RECORD}s")
