"""Bytes from standard input, kept in a temporary file because readers must be able to seek."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from ossmodelkit.core.artifact import Inventory
from ossmodelkit.foundation.errors import LimitExceededError, NothingToJudgeError
from ossmodelkit.sources.local import LocalSource
from ossmodelkit.sources.traffic import fetch_limit

NAME = "stdin"
CHUNK = 1024 * 1024


class PipedSource:
    """What came through the pipe, as one file called `stdin`; gone when the source is."""

    def __init__(self, pipe: BinaryIO, *, ref: str = "-", most_bytes: int | None = None) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = tempfile.TemporaryDirectory(prefix="kit-")
        path = Path(self._folder.name) / NAME
        if not _spool(pipe, path, fetch_limit() if most_bytes is None else most_bytes):
            raise NothingToJudgeError("nothing came through the pipe", hint="kit scan - < FILE")
        self._file = LocalSource(path, ref=ref)

    @property
    def ref(self) -> str:
        """`-`, or what the user wrote."""
        return self._file.ref

    @property
    def inventory(self) -> Inventory:
        """The one file."""
        return self._file.inventory

    def open(self, name: str) -> BinaryIO:
        """A seekable stream of it."""
        return self._file.open(name)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_folder": None}  # only the first owner cleans up


def _spool(pipe: BinaryIO, path: Path, most: int) -> int:
    count = 0
    with path.open("wb") as out:
        while part := pipe.read(CHUNK):
            count += len(part)
            if count > most:
                raise LimitExceededError(
                    f"more than {most:,} bytes came through the pipe", hint="save them and give the file"
                )
            out.write(part)
    return count
