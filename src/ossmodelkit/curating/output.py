"""Write rows as JSON Lines so that a crash leaves no half file, and know the digest of what was written."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ossmodelkit.foundation.errors import KitError, UsageError
from ossmodelkit.foundation.writing import sync_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that was written: its path, digest, rows and bytes."""

    path: str
    sha256: str
    rows: int
    bytes: int


class RowWriter:
    """Takes rows and writes a line for each. Mutable: one for each file."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self.rows = 0
        self.bytes = 0
        self._stream = stream
        self._path = path
        self._hash = hashlib.sha256()

    def write(self, row: Mapping[str, Any]) -> None:
        """Write one row; its number is `rows` afterwards."""
        data = encoded(row)
        self._stream.write(data)
        self._hash.update(data)
        self.rows += 1
        self.bytes += len(data)

    def written(self) -> Written:
        """What has been written so far."""
        return Written(path=str(self._path), sha256=self._hash.hexdigest(), rows=self.rows, bytes=self.bytes)


def provenance_of(path: Path) -> Path:
    """Where the note stands that says where every row of `path` came from."""
    return path.with_name(path.name + ".provenance.jsonl")


def encoded(row: Mapping[str, Any]) -> bytes:
    """One line of JSON as UTF-8; half surrogate pairs, which UTF-8 does not have, stay escaped."""
    try:
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row).encode() + b"\n"


@contextmanager
def writing(path: Path) -> Iterator[RowWriter]:
    """A writer whose file appears under `path` when the block ends well, and not at all otherwise.

    Raises `UsageError` when the folder cannot be written, and `KitError` when the disk is full.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    except OSError as error:
        why = f"cannot write {path}: {error.strerror or error}"
        raise UsageError(why, hint="name a place that can be written") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            yield RowWriter(stream, path)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _cannot(path, error) from error
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _cannot(path: Path, error: OSError) -> KitError:
    return KitError(f"cannot write {path}: {error.strerror or error}", hint="check space and rights")
