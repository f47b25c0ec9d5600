"""The ledger: one JSON file per record in `.kit/evidence`, appended and never rewritten."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ossmodelkit.core.evidence import Evidence, from_statement, to_statement
from ossmodelkit.foundation.errors import KitError, UnreadableError
from ossmodelkit.foundation.writing import write_new

NAME = re.compile(r"(\d{4,})-[a-z]+-[0-9a-f]{6}\.json")
LARGEST_RECORD = 64 * 1024 * 1024


def append(folder: Path, record: Evidence) -> Path:
    """Write `record` under the next number and give back its path.

    Two writers at once get two numbers. Raises `KitError` when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(to_statement(record), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        number = 1 + max((n for n, _ in _numbered(folder)), default=0)
        while True:
            path = folder / f"{number:04d}-{record.kind}-{record.subject.short}.json"
            taken = any(n == number for n, _ in _numbered(folder))
            if not taken and write_new(path, text.encode("utf-8", "backslashreplace")):
                return path
            number += 1
    except OSError as error:
        raise KitError(f"cannot write evidence to {folder}: {error.strerror}", hint="check space and rights") from error


def read_all(folder: Path) -> tuple[Evidence, ...]:
    """Every record, oldest first.

    Raises `UnreadableError` naming the file that is not readable evidence.
    """
    if not folder.is_dir():
        return ()
    return tuple(read_record(path) for _, path in sorted(_numbered(folder)))


def read_record(path: Path) -> Evidence:
    """One record from its file."""
    try:
        if path.stat().st_size > LARGEST_RECORD:
            raise UnreadableError(f"{path} is too large to be evidence")
        statement = json.loads(path.read_bytes())
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{path} is not JSON: {error}", hint="restore it from version control") from error
    return from_statement(statement, where=str(path))


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    matches = ((NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return [(int(match[1]), path) for match, path in matches if match]
