"""Every file below a folder, and its digest: two threads, one mebibyte at a time, no cache.

Links are listed and never followed: a link is a name whose bytes somebody else decides.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.progress import Progress, Silent, Task

CHUNK = 1024 * 1024
BATCH_FILES = 256
BATCH_BYTES = 16 * CHUNK
DEEPEST = 64
Wanted = tuple[str, int, int | None]  # name, first byte, end or None for the whole file


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Regular files by name with their size in bytes, and everything else with what it is."""

    files: Mapping[str, int]
    odd: Mapping[str, str]
    empty_folders: tuple[str, ...] = ()


def list_folder(folder: Path, *, skip: Callable[[str], bool] = lambda name: False) -> Listing:
    """All names below `folder`, but for those that `skip` takes out together with what is below them.

    Raises `UnreadableError` when a folder cannot be read.
    """
    files: dict[str, int] = {}
    odd: dict[str, str] = {}
    empty: list[str] = []
    for name, found in _walk(folder, "", skip, empty, DEEPEST):
        if stat.S_ISREG(found.st_mode):
            files[name] = found.st_size
        else:
            odd[name] = _what(found.st_mode)
    return Listing(files=files, odd=odd, empty_folders=tuple(empty))


def _what(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return f"a folder nested deeper than {DEEPEST} folders"
    return "a symbolic link" if stat.S_ISLNK(mode) else "a special file"


def digest_files(folder: Path, files: Mapping[str, int], *, progress: Progress | None = None) -> dict[str, str]:
    """`{name: sha256}` of `files` (`{name: size}`) below `folder`."""
    wanted: list[tuple[Wanted, int]] = [((name, 0, None), size) for name, size in files.items()]
    return {name: digest for (name, _, _), digest in digest_pieces(folder, wanted, progress=progress)}


def digest_pieces(
    folder: Path, wanted: Iterable[tuple[Wanted, int]], *, hash_type: str = "sha256", progress: Progress | None = None
) -> Iterator[tuple[Wanted, str]]:
    """The digest of each wanted piece, given with its size; large pieces are begun first.

    A file that has become a link, vanished, or cannot be read has the digest "".
    """
    todo = sorted(wanted, key=lambda piece: -piece[1])
    _hasher(hash_type)
    with (progress or Silent()).task("hashing", sum(size for _, size in todo), "bytes") as task:
        batches = list(_batches(todo))
        if len(batches) < 2:
            yield from (_digest(folder, one, hash_type, task) for one, _ in todo)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as workers:
            for done in workers.map(lambda batch: [_digest(folder, one, hash_type, task) for one, _ in batch], batches):
                yield from done


def _hasher(hash_type: str) -> Any:
    """A fresh hash; BLAKE3 is not in the standard library, and only bundles of others ask for it."""
    if hash_type != "blake3":
        return hashlib.new(hash_type)
    try:
        return importlib.import_module("blake3").blake3()
    except ImportError as error:
        raise UnreadableError("the files are hashed with BLAKE3", hint="pip install 'ossmodelkit[blake3]'") from error


def _batches(todo: list[tuple[Wanted, int]]) -> Iterator[list[tuple[Wanted, int]]]:
    """Small files travel together: a future for each of fifty thousand would cost more than their bytes."""
    batch: list[tuple[Wanted, int]] = []
    held = 0
    for piece in todo:
        batch.append(piece)
        held += piece[1]
        if len(batch) >= BATCH_FILES or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _digest(folder: Path, piece: Wanted, hash_type: str, task: Task) -> tuple[Wanted, str]:
    name, start, end = piece
    seen = _hasher(hash_type)
    left = None if end is None else end - start
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(folder / name, flags), "rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            view = memoryview(bytearray(max(1, min(CHUNK, size if left is None else left))))
            stream.seek(start)
            while left is None or left > 0:
                count = stream.readinto(view if left is None else view[: min(len(view), left)])
                if not count:
                    break
                seen.update(view[:count])
                left = None if left is None else left - count
                task.advance(count)
    except OSError:
        return piece, ""
    return piece, seen.hexdigest() if not left else ""


def _walk(
    folder: Path, prefix: str, skip: Callable[[str], bool], empty: list[str], depth: int
) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as found:
            children = sorted(found, key=lambda child: child.name)
    except OSError as error:
        said = f"cannot read the folder {prefix or str(folder)!r}: {error.strerror}"
        raise UnreadableError(said, hint="check its rights, then verify again") from error
    if not children and prefix:
        empty.append(prefix)
    for child in children:
        name = f"{prefix}/{child.name}" if prefix else child.name
        if skip(name):
            continue
        if depth > 1 and child.is_dir(follow_symlinks=False):
            yield from _walk(Path(child.path), name, skip, empty, depth - 1)
        else:
            yield name, child.stat(follow_symlinks=False)
