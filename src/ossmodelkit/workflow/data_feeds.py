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
from ossmodelkit.foundation.errors import NothingToJudgeError, SourceError, UsageError

STDIN = "-"


@contextmanager
def open_feeds(names: Sequence[str], *, stdin: BinaryIO | None = None) -> Iterator[tuple[Feed, ...]]:
    """The files behind `names`; standard input is kept in a temporary file until the block ends.

    Raises `SourceError` for what is not there or is no file, and `NothingToJudgeError` for an empty one.
    """
    with tempfile.TemporaryDirectory(prefix="kit-data-") as folder:
        yield tuple(_feed(name, Path(folder), stdin) for name in dict.fromkeys(names))


def with_weights(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Split `FILE=WEIGHT`; no weights at all is allowed, some are not.

    Raises `UsageError` for a weight that is no number or is missing.
    """
    names, weights = [], []
    for word in words:
        name, equals, weight = word.rpartition("=")
        if not equals or Path(word).exists():
            names.append(word)
            continue
        try:
            weights.append(float(weight))
        except ValueError as error:
            raise UsageError(f"{weight!r} is no weight", hint="write FILE=0.7") from error
        names.append(name)
    if weights and len(weights) != len(names):
        raise UsageError("some files have a weight and some have none", hint="write FILE=WEIGHT for all or for none")
    if len(set(names)) != len(names):
        raise UsageError("a file is named twice", hint="give it one weight")
    return tuple(names), tuple(weights)


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
