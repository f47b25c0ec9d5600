"""A baseline: findings that were known on a day, each tied to the bytes it was found in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.foundation.writing import write_atomic

SCHEMA = "urn:ossmodelkit:baseline:v1"
LARGEST = 64 * 1024 * 1024
HINT = "kit scan MODEL --write-baseline FILE makes one"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Known:
    """One finding: the file's name and SHA-256 at the time, the check, and the place inside the file.

    The digest is what counts: the same bytes under another name are known, other bytes under the same are not.
    """

    file: str
    sha256: str
    check: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What stands in such a file."""

    schema: str
    tool: str = ""
    created: str = ""
    findings: tuple[Known, ...] = ()


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises `UsageError` when it is none: a misspelt field must not become a weaker rule.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} is too large to be a baseline", hint=HINT)
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint=HINT) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no baseline: {error}", hint=HINT) from error
    found = from_wire(Baseline, data, where=str(path))
    if found.schema != SCHEMA:
        raise UsageError(f"{path} is no baseline of this version: {found.schema!r}", hint=HINT)
    return found


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write it in the same order every time, so that a difference shows what is new.

    Raises `UsageError` when the file cannot be written.
    """
    text = json.dumps(to_wire(baseline), indent=1, ensure_ascii=False) + "\n"
    try:
        write_atomic(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
