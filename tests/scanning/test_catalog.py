"""What is written out of the checks and readers is what the code holds."""

from __future__ import annotations

import io
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.later import HDF5, SEVEN_ZIP
from ossmodelkit.formats.readers_more import MORE
from ossmodelkit.formats.reading import Blob
from ossmodelkit.scanning.catalog import IDS, SHELVES, Shelf, every_check

OWN = [reader for reader in MORE if type(getattr(reader.accepts, "__self__", None)).__name__ == "_Later"]
HEADS = (
    HDF5,
    SEVEN_ZIP,
    b"GGUF",
    b"\0\0\0\0TFL3",
    b"RDX3\nX\n",
    b"\x08\x07\x12\x02pb",
    b"\x02\0\0\0\0\0\0\0{}",
    b"{",
    b"",
)


@pytest.mark.parametrize("shelf", SHELVES, ids=lambda shelf: shelf.module)
def test_a_shelf_names_its_checks_and_the_views_they_read(shelf: Shelf) -> None:
    checks = import_module(f"ossmodelkit.scanning.checks.{shelf.module}").CHECKS
    assert [one.id for one in checks] == list(shelf.ids)
    homes = {one.reads.__module__.rpartition(".")[2] for one in checks if one.reads is not object}
    assert homes <= set(shelf.views)


def test_no_check_stands_twice() -> None:
    assert len(set(IDS)) == len(IDS) == len(every_check())


@given(st.sampled_from(HEADS), st.binary(max_size=600), st.sampled_from([0, 512, 1024]))
def test_a_guard_lets_through_all_that_its_reader_accepts(head: bytes, rest: bytes, pad: int) -> None:
    data = bytes(pad) + head + rest
    for reader in OWN:
        half = reader.accepts.__self__  # type: ignore[attr-defined]
        blob = Blob(at=Place(path="x"), stream=io.BytesIO(data), size=len(data))
        if half.reader.accepts(blob):
            assert half.could_be(blob), reader.name


def test_later_readers_keep_their_names() -> None:
    assert len(OWN) >= 14
    assert all(reader.accepts.__self__.reader.name == reader.name for reader in OWN)  # type: ignore[attr-defined]
