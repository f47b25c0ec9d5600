"""Finding a model's parents: a folder beside it, the project's evidence, or the hub where that is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import KitError, UsageError
from ossmodelkit.licensing import expressions, facts, lineage, model_names, repository
from ossmodelkit.licensing.claims import conclude
from ossmodelkit.project.settings import StatedLicense
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.license_training import as_told

if TYPE_CHECKING:
    from ossmodelkit.workflow.desk import Desk


def resolver(source: Source, desk: Desk, *, online: bool = False) -> lineage.Resolver:
    """A function that finds what is known about a parent, nearest place first.

    What can be read outranks what a person states, so a statement never covers up a worse text.
    Raises `UsageError` for a statement about a license that nothing is known of.
    """
    records = [record for record in desk.evidence() if record.kind is Kind.LICENSE]
    stated = [(one, _ids(one)) for one in desk.settings.licenses]

    def resolve(parent: Parent) -> lineage.Resolved | None:
        if told := as_told(parent):
            return told
        read = _beside(source, parent) or _recorded(records, parent) or (_on_hub(parent) if online else None)
        return read if read and read.licenses else _stated(stated, parent) or read

    return resolve


def _ids(stated: StatedLicense) -> tuple[str, ...]:
    found = expressions.resolve(stated.license)
    if found.issue:
        raise UsageError(f"kit.toml: [[licenses]] of {stated.of!r}: {found.issue}", hint=found.fix)
    return found.ids


def _stated(stated: Sequence[tuple[StatedLicense, tuple[str, ...]]], parent: Parent) -> lineage.Resolved | None:
    name = model_names.key(parent.ref)
    for one, ids in stated:
        if fnmatchcase(name, model_names.key(one.of)):
            return lineage.Resolved(licenses=ids, how="stated", note=f"stated by {one.owner}: {one.source}")
    return None


def _beside(source: Source, parent: Parent) -> lineage.Resolved | None:
    """A folder of that name next to the model, or the path itself; never the model again."""
    here = Path(source.ref)
    if not here.is_dir():
        return None
    name = parent.ref.rpartition("/")[2]
    for place in (here.parent / parent.ref, here.parent / name):
        if place.is_dir() and not place.is_symlink() and place.resolve() != here.resolve():
            return _read(open_source(str(place)))
    return None


def _recorded(records: list[Evidence], parent: Parent) -> lineage.Resolved | None:
    for record in reversed(records):
        same = record.subject.sha256 == parent.sha256 if parent.sha256 else record.subject.name == parent.ref
        known = str(record.details.get("concluded", ""))
        if same and known:
            ids = tuple(one for one in known.split(" AND ") if one in facts.ids())
            return lineage.Resolved(licenses=ids, how="read", note="from this project's evidence")
    return None


def _on_hub(parent: Parent) -> lineage.Resolved | None:
    if parent.relation is Relation.DATASET:
        return None
    ref = f"hub:{parent.ref}@{parent.revision}" if parent.revision else f"hub:{parent.ref}"
    try:
        return _read(open_source(ref, online=True))
    except KitError as error:
        return lineage.Resolved(licenses=(), how="unresolved", note=error.message)


def _read(source: Source) -> lineage.Resolved:
    try:
        found = repository.read(source)
    except KitError as error:
        return lineage.Resolved(licenses=(), how="unresolved", note=error.message)
    conclusion = conclude(found)
    return lineage.Resolved(
        licenses=conclusion.licenses,
        how="read",
        parents=found.parents,
        gated=found.card.gated,
        repository=found,
        note="" if conclusion.licenses else "; ".join(issue.why for issue in conclusion.issues)[:300],
    )
