"""Bring chosen files of a source into a folder: bounded, resumable, and held against the digest that was claimed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ossmodelkit.core.artifact import Entry, EntryKind
from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import IntegrityError, SourceError, UnreadableError, UsageError
from ossmodelkit.foundation.progress import Progress, Silent, Task
from ossmodelkit.foundation.writing import sync_folder
from ossmodelkit.sources.names import is_plain
from ossmodelkit.sources.traffic import traffic_of

CHUNK = 1024 * 1024
AT_ONCE = 4
SPARE = 64 * CHUNK


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One file that now lies in the folder; `verified` says that its digest was claimed beforehand, and is right."""

    name: str
    path: Path
    size: int
    sha256: str
    verified: bool


def fetch(source: Source, names: Iterable[str], folder: Path, progress: Progress | None = None) -> tuple[Fetched, ...]:
    """Bring `names` into `folder`; what an earlier, broken run has brought is not fetched again.

    Raises `UsageError` when another file is in the way or the disk is too small, `IntegrityError` for a wrong
    digest. A file appears under its name only when it is whole.
    """
    entries = [_entry(source, name) for name in dict.fromkeys(names)]
    total = sum(entry.size for entry in entries)
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_a_small_disk(folder, total)
    _allow(source, total)
    with (progress or Silent()).task("fetching", total, "bytes") as task, ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(lambda entry: _fetch_one(source, entry, folder, task), entries))


def _entry(source: Source, name: str) -> Entry:
    entry = source.inventory.find(name)
    if entry is None:
        raise SourceError(f"no file {name!r} in {source.ref!r}")
    if entry.kind is not EntryKind.FILE or not is_plain(name):
        raise UnreadableError(f"{name!r} cannot be fetched", hint=entry.why)
    return entry


def _fetch_one(source: Source, entry: Entry, folder: Path, task: Task) -> Fetched:
    target = _place(folder, entry.name)
    if os.path.lexists(target):
        return _already(entry, target, task)
    version = entry.claimed_sha256 or source.inventory.revision
    part = target.with_name(f".{target.name[:100]}.{_short(entry.name + version)}.part")
    with _open_part(part, keep=bool(version)) as out:
        digest = _fill(source, entry, out, task)
    if entry.claimed_sha256 not in {"", digest}:
        part.unlink()
        raise IntegrityError(
            f"{entry.name!r} has the digest {digest[:16]}…, and {entry.claimed_sha256[:16]}… was claimed",
            hint="fetch it again; if it stays, tell its publisher",
        )
    part.rename(target)
    sync_folder(target.parent)
    return _fetched(entry, target, digest)


def _fill(source: Source, entry: Entry, out: BinaryIO, task: Task) -> str:
    """Write what is missing in `out`; the digest of all of it."""
    digest = hashlib.sha256()
    done = _take_in(out, digest, task)
    if done > entry.size:
        out.truncate(0)
        return _fill(source, entry, out, task)
    with source.open(entry.name) as stream:
        stream.seek(done)
        while data := stream.read(CHUNK):
            out.write(data)
            digest.update(data)
            done += len(data)
            task.advance(len(data), entry.name)
    if done != entry.size:
        raise UnreadableError(f"{entry.name!r} ended at {done} of {entry.size} bytes", hint="fetch it again")
    out.flush()
    os.fsync(out.fileno())
    return digest.hexdigest()


def _take_in(file: BinaryIO, digest: hashlib._Hash, task: Task) -> int:
    """Digest a file from its start to its end; its size."""
    file.seek(0)
    while data := file.read(CHUNK):
        digest.update(data)
        task.advance(len(data))
    return file.tell()


def _open_part(part: Path, *, keep: bool) -> BinaryIO:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(part, flags if keep else flags | os.O_TRUNC, 0o644), "r+b")


def _place(folder: Path, name: str) -> Path:
    """Where `name` goes; no folder on the way may be a link."""
    *folders, own = name.split("/")
    for part in folders:
        folder = folder / part
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise UsageError(f"{str(folder)!r} is in the way", hint="fetch into an empty folder")
        folder.mkdir(exist_ok=True)
    return folder / own


def _already(entry: Entry, target: Path, task: Task) -> Fetched:
    """The file of an earlier run, if it is the same."""
    digest = hashlib.sha256()
    if entry.claimed_sha256 and target.is_file() and not target.is_symlink():
        with target.open("rb") as file:
            _take_in(file, digest, task)
    if digest.hexdigest() != entry.claimed_sha256:
        raise UsageError(f"{str(target)!r} is already there, and may be another", hint="fetch into an empty folder")
    return _fetched(entry, target, entry.claimed_sha256)


def _fetched(entry: Entry, path: Path, digest: str) -> Fetched:
    return Fetched(name=entry.name, path=path, size=entry.size, sha256=digest, verified=digest == entry.claimed_sha256)


def _refuse_a_small_disk(folder: Path, total: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < total + SPARE:
        raise UsageError(f"{total:,} bytes do not fit into {str(folder)!r}, where {free:,} are free")


def _allow(source: Source, total: int) -> None:
    """What was asked for by name may pass the limit that guards a mere look."""
    if traffic := traffic_of(source):
        traffic.limit = max(traffic.limit, traffic.bytes_fetched + total + SPARE)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
