"""From what the user typed to files that can be read: paths, folders are refused, `-` is standard input."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ossmodelkit.curating.row import Feed
from ossmodelkit.foundation.errors import NothingToJudgeError, SourceError

STDIN = "-"


@contextmanager
def open_feeds(names: Sequence[str], *, stdin: BinaryIO | None = None) -> Iterator[tuple[Feed, ...]]:
    """The files behind `names`; standard input is kept in a temporary file until the block ends.

    Raises `SourceError` for what is not there or is no file, and `NothingToJudgeError` for an empty one.
    """
    with tempfile.TemporaryDirectory(prefix="kit-data-") as folder:
        yield tuple(_feed(name, Path(folder), stdin) for name in dict.fromkeys(names))


def _feed(name: str, folder: Path, stdin: BinaryIO | None) -> Feed:
    path = _spool(folder, stdin or sys.stdin.buffer) if name == STDIN else Path(name)
    if not path.exists():
        raise SourceError(
            f"no file at {name!r}", hint="give a JSON Lines, JSON, CSV or Parquet file, or - for standard input"
        )
    if not path.is_file():
        raise SourceError(f"{name!r} is no file", hint=_inside(path))
    size = path.stat().st_size
    if not size:
        raise NothingToJudgeError(f"{name!r} is empty", hint="give a file that holds rows")
    return Feed(name="stdin" if name == STDIN else name, size=size, open=lambda: path.open("rb"))


def _spool(folder: Path, stdin: BinaryIO) -> Path:
    path = folder / "stdin"
    with path.open("wb") as out:
        shutil.copyfileobj(stdin, out)
    return path


def _inside(path: Path) -> str:
    if not path.is_dir():
        return "give a regular file"
    found = sorted(p.name for p in path.iterdir() if p.suffix in (".jsonl", ".json", ".csv", ".parquet"))
    return f"name the files, such as {path / found[0]}" if found else "name the files"
