from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.seven_zip import READER
from ossmodelkit.foundation.limits import Budget
from tests.making.blobs import blob, scan, survives

FILES = {"a.txt": b"hello\n" * 50, "folder/b.bin": os.urandom(3000), "c.pkl": pickle.dumps([1, 2]), "empty": b""}


def packed(files: dict[str, bytes] = FILES, **options: object) -> bytes:
    target = io.BytesIO()
    with py7zr.SevenZipFile(target, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(data, name)
    return target.getvalue()


def opened(data: bytes) -> dict[str, bytes]:
    found = {}
    for item in READER.read(blob(data), Budget()):
        assert isinstance(item, Blob), item
        found[item.at.members[-1]] = item.slice(0, item.size)
    return found


CHAINS = {
    "default": {},
    "LZMA2": {"filters": [{"id": py7zr.FILTER_LZMA2, "preset": 3}]},
    "LZMA": {"filters": [{"id": py7zr.FILTER_LZMA}]},
    "BCJ and LZMA2": {"filters": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 3}]},
    "delta and LZMA2": {"filters": [{"id": py7zr.FILTER_DELTA}, {"id": py7zr.FILTER_LZMA2, "preset": 3}]},
    "bzip2": {"filters": [{"id": py7zr.FILTER_BZIP2}]},
    "deflate": {"filters": [{"id": py7zr.FILTER_DEFLATE}]},
    "copy": {"filters": [{"id": py7zr.FILTER_COPY}]},
    "zstd": {"filters": [{"id": py7zr.FILTER_ZSTD, "level": 3}]},
    "Brotli": {"filters": [{"id": py7zr.FILTER_BROTLI, "level": 5}]},
    "plain header": {"header_encryption": False},
}


@pytest.mark.parametrize("options", CHAINS.values(), ids=CHAINS.keys())
def test_what_the_reference_packs_is_unpacked(options: dict[str, object]) -> None:
    assert opened(packed(**options)) == FILES


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"password": "x"}, id="encrypted"),
        pytest.param({"filters": [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}]}, id="PPMd"),
        pytest.param(
            {"filters": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_ZSTD, "level": 3}]}, id="a filter before zstd"
        ),
    ],
)
def test_what_cannot_be_expanded_leaves_a_gap(options: dict[str, object]) -> None:
    found = list(READER.read(blob(packed(**options)), Budget()))
    assert found and all(isinstance(item, Gap) for item in found)


def test_a_pickle_inside_is_judged(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(packed({"x/data.pkl": b"cos\nsystem\n(S'id'\ntR."}))
    assert scan(tmp_path).verdict == "dangerous"


SAMPLE = packed()


@settings(max_examples=150, deadline=None)
@given(st.integers(6, len(SAMPLE)), st.binary(min_size=1, max_size=8))
def test_forged_bytes_are_survived(at: int, change: bytes) -> None:
    survives(READER, SAMPLE[:at] + change + SAMPLE[at + len(change) :])
    survives(READER, SAMPLE[:at])
