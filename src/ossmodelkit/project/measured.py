"""Calibration records of cards: in the project's folder first, then in the user's."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.writing import write_atomic
from ossmodelkit.project.settings import LEDGER

LARGEST = 1024 * 1024


def user_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where records that serve every project lie."""
    return Path(environment.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "ossmodelkit" / "calibration"


def project_folder(root: Path) -> Path:
    """Where a project's own records lie."""
    return root / LEDGER / "calibration"


def read(folder: Path, card: str) -> tuple[Path, dict[str, Any]] | None:
    """The record of a card in a folder and where it lies; None when there is none.

    Raises `UsageError` for one that cannot be read.
    """
    path = folder / f"{_plain(card)}.json"
    try:
        if not path.is_file():
            return None
        data = path.read_bytes()[: LARGEST + 1]
        value = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="remove it, and run kit calibrate again") from error
    if not isinstance(value, dict) or len(data) > LARGEST:
        raise UsageError(f"{path} is no calibration record", hint="remove it, and run kit calibrate again")
    return path, value


def write(folder: Path, card: str, record: Mapping[str, Any]) -> Path:
    """Keep the record of a card; an older one of the same card is replaced."""
    path = folder / f"{_plain(card)}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (json.dumps(record, indent=1) + "\n").encode())
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="check the folder and its rights") from error
    return path


def _plain(card: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", card.lower()).strip("-")[:80] or "card"


__all__ = ["project_folder", "read", "user_folder", "write"]
