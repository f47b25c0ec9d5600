"""A pytest plugin that keeps every small blob the tests read, as seeds: `pytest -p tests.fuzzing.gathering`.

Whatever a test adds is a seed from then on; no list of fixtures is kept anywhere.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.formats.reading import Blob
from ossmodelkit.scanning import blobs
from tests.making import blobs as made

LARGEST = 32 * 1024
MOST = 6000
FOLDER = Path(os.environ.get("KIT_FUZZ_SEEDS", ".fuzz/seeds"))
_made_up = False  # Hypothesis makes up bytes itself: those are no fixtures


def pytest_configure() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    read, blob = blobs._read, made.blob

    def keeping_read(one: Blob, *rest: Any, **more: Any) -> bool:
        keep(one)
        return read(one, *rest, **more)

    def keeping_blob(data: bytes, *rest: Any, **more: Any) -> Blob:
        one = blob(data, *rest, **more)
        keep(one)
        return one

    blobs._read, made.blob = keeping_read, keeping_blob


def pytest_runtest_setup(item: pytest.Item) -> None:
    global _made_up
    _made_up = hasattr(getattr(item, "obj", None), "hypothesis")


def keep(one: Blob) -> None:
    if _made_up or not 0 < one.size <= LARGEST:
        return
    data = one.slice(0, one.size)
    path = FOLDER / hashlib.sha256(data).hexdigest()[:24]
    if not path.exists() and sum(1 for _ in FOLDER.iterdir()) < MOST:
        path.write_bytes(data)
