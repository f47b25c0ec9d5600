"""SHA-256 of files, in parallel, with a cache that may be deleted at any time.

The cache is for building only: it trusts size, mtime, ctime and inode. Verifying never uses it.
Without it, and for remote files, digests are remembered for this run and no longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakKeyDictionary

from ossmodelkit.core.source import Source
from ossmodelkit.foundation.progress import Progress, Silent, Task
from ossmodelkit.foundation.writing import write_atomic

CHUNK = 1024 * 1024
REMOTE = "\0"  # begins the stamp of a file that is not of this machine and may be another tomorrow

_this_run: WeakKeyDictionary[Source, dict[str, str]] = WeakKeyDictionary()


def digest_stream(source: Source, name: str, task: Task | None = None) -> str:
    """SHA-256 of one file as hex, reading 1 MiB at a time."""
    import hashlib

    seen = hashlib.sha256()
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    with source.open(name) as stream:
        while count := stream.readinto(buffer):  # type: ignore[attr-defined]
            seen.update(view[:count])
            if task:
                task.advance(count)
    return seen.hexdigest()


def digest_payload(source: Source, *, cache: Path | None = None, progress: Progress | None = None) -> dict[str, str]:
    """`{name: sha256}` of every payload file; `cache` names a JSON file to keep between runs.

    A digest that a hub claims is taken over unread: fetching a whole model to name it would defeat range
    reads. Whoever records it must say so (`Entry.claimed_sha256`).
    """
    known = _load(cache) | _this_run.get(source, {})
    claimed = {entry.name: entry.claimed_sha256 for entry in source.inventory.payload if entry.claimed_sha256}
    unclaimed = [entry for entry in source.inventory.payload if not entry.claimed_sha256]
    stamps = {entry.name: _stamp(source, entry.name) for entry in unclaimed}
    todo = [entry for entry in unclaimed if stamps[entry.name] not in known]
    if todo:
        from concurrent.futures import ThreadPoolExecutor

        total = sum(entry.size for entry in todo)
        workers = ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1))
        with workers, (progress or Silent()).task("hashing", total, "bytes") as task:
            found = workers.map(lambda entry: digest_stream(source, entry.name, task), todo)
            known.update(zip((stamps[entry.name] for entry in todo), found, strict=True))
        _this_run[source] = known
        _save(cache, {stamp: digest for stamp, digest in known.items() if not stamp.startswith(REMOTE)})
    return claimed | {name: known[stamp] for name, stamp in stamps.items()}


def _stamp(source: Source, name: str) -> str:
    with source.open(name) as stream:
        try:
            found = os.fstat(stream.fileno())
        except OSError:
            return f"{REMOTE}{source.ref}\0{source.inventory.revision}\0{name}"
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def _load(cache: Path | None) -> dict[str, str]:
    if cache is None:
        return {}
    try:
        loaded = json.loads(cache.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in loaded.items()} if isinstance(loaded, dict) else {}


def _save(cache: Path | None, known: Mapping[str, str]) -> None:
    if cache is None or not cache.parent.is_dir():
        return
    write_atomic(cache, json.dumps(known).encode())
