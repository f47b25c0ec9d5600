"""Bring a remote model to this machine once its scan lets it in: looked at where it lies, fetched, looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report
from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.sources.fetching import Fetched, fetch
from ossmodelkit.sources.local import LocalSource
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.scan import scan

# What is asked of the model where it lies; the rest is asked once it is here.
BEFORE = ("jobs", "fail_on", "waivers", "baseline")


def download(
    refs: Sequence[str], folder: Path, *, desk: Desk, online: bool = False, record: bool = False, **asked: Any
) -> Report:
    """Scan, fetch into a quarantine beside `folder`, scan what came, and move it to `folder` if that passes.

    What is refused where it lies is not fetched. The digests that a hub claims are checked while the bytes arrive.
    `asked` is passed on to `scan`. Raises `UsageError` when `folder` holds something, `IntegrityError` when a file is
    not what was claimed.
    """
    source = _remote(refs, folder, online)
    before = scan(refs, desk=desk, online=online, **{name: asked[name] for name in asked if name in BEFORE})
    if before.outcome is Outcome.FAIL:
        return replace(before, notes=(*before.notes, "nothing was downloaded"))
    waiting = folder.absolute().parent / f".{folder.name}.quarantine" / folder.name
    names = [entry.name for entry in source.inventory.entries if entry.kind is EntryKind.FILE]
    _make_room(source, names, waiting)
    brought = fetch(source, names, waiting, desk.progress)
    after = scan(str(waiting), desk=desk, record=record, **asked)
    where = _let_in(waiting, folder) if after.outcome is Outcome.PASS else waiting
    return _told(after, source, brought, where)


def _remote(refs: Sequence[str], folder: Path, online: bool) -> Source:
    if len(refs) != 1:
        raise UsageError(f"--download takes one model, not {len(refs)}", hint="fetch one after the other")
    source = open_source(refs[0], online=online)
    if isinstance(source, LocalSource):
        raise UsageError(f"{refs[0]!r} is on this machine already", hint="--download is for hub:org/name and URLs")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{str(folder)!r} holds something already", hint="give a folder that is new or empty")
    return source


def _make_room(source: Source, names: Sequence[str], waiting: Path) -> None:
    """Drop what an earlier run brought and nobody can check: it may be of another revision."""
    for name in names:
        entry, there = source.inventory.find(name), waiting / name
        if entry is not None and not entry.claimed_sha256 and there.is_file() and not there.is_symlink():
            there.unlink()


def _let_in(waiting: Path, folder: Path) -> Path:
    waiting.replace(folder)
    waiting.parent.rmdir()
    return folder


def _told(report: Report, source: Source, brought: Sequence[Fetched], where: Path) -> Report:
    size, verified = sum(one.size for one in brought), sum(one.verified for one in brought)
    facts: dict[str, Any] = {"from": source.ref, "revision": source.inventory.revision, "folder": str(where)}
    facts |= {"files": len(brought), "bytes": size, "verified": verified}
    revision = f" at {source.inventory.revision}" if source.inventory.revision else ""
    passed = report.outcome is Outcome.PASS
    said = f"{len(brought)} files ({size:,} bytes) came from {source.ref}{revision}; {verified} had the digest claimed"
    kept = f"they are in {where}" if passed else f"they do not pass and stay in quarantine: {where}"
    return replace(
        report,
        subject=source.ref,
        notes=(*report.notes, f"{said}; {kept}"),
        data={**report.data, "download": facts},
    )
