"""What changed between two releases? `kit release diff`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import KitError, SourceError, UnreadableError
from ossmodelkit.releasing import listing
from ossmodelkit.releasing.comparing import changes
from ossmodelkit.releasing.dossier import Dossier, Signature
from ossmodelkit.releasing.layout import INDEX
from ossmodelkit.releasing.manifest import IGNORED
from ossmodelkit.releasing.reading import read_dossier


def diff(old: Path, new: Path) -> Report:
    """Compare two releases; the signatures are not verified here.

    Raises `SourceError` for a folder that is no release, `UnreadableError` for one that cannot be read whole.
    """
    found = changes(dossier_in(old), dossier_in(new))
    areas = dict.fromkeys(change.area for change in found)
    tables = tuple(
        Table(
            title=area.capitalize(),
            columns=("what", "before", "after"),
            rows=tuple((c.what, _short(c.before), _short(c.after)) for c in found if c.area == area),
        )
        for area in areas
    )
    return Report(
        command="release diff",
        subject=f"{old} → {new}",
        verdict="different" if found else "same",
        outcome=Outcome.PASS,
        summary=f"{len(found)} differences" if found else "nothing differs",
        tables=tables,
        notes=("neither signature was verified: kit verify does that",),
        data={"changes": [{"area": c.area, "what": c.what, "before": c.before, "after": c.after} for c in found]},
    )


def dossier_in(folder: Path) -> Dossier:
    """The dossier of a release whose signature nobody checked yet; every digest is computed afresh."""
    if not (folder / INDEX).is_file():
        raise SourceError(f"no release at {str(folder)!r}", hint="give a folder that kit release made")
    try:
        listed = listing.list_folder(folder, skip=lambda name: name in IGNORED)
        for name, what in sorted(listed.odd.items()):
            raise UnreadableError(f"{name!r} is {what}")
        digests = listing.digest_files(folder, listed.files)
        for name in sorted(name for name, digest in digests.items() if not digest):
            raise UnreadableError(f"cannot read {name!r}")
        return read_dossier(folder, listed.files, digests, Signature(), datetime.now(UTC).date())
    except KitError as error:
        hint = "kit verify tells what is wrong with it"
        raise UnreadableError(f"{str(folder)!r} cannot be compared: {error.message}", hint=hint) from error


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"
