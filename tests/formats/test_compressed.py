"""Streams that joblib, zarr and people compress with, and what a missing package leaves."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

import pytest
from backports import zstd
from backports.zstd import zipfile as zstd_zipfile
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats import compressed, lz4_frames, optional_codecs
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget
from tests.making.blobs import blob, survives, views
from tests.making.memory import said, scan_bytes

READERS = {reader.name: reader for reader in compressed.READERS}


def lz4(*blocks: bytes, flags: int = 0x60, tail: bytes = b"") -> bytes:
    """One frame of blocks that are packed already, or stored where they begin with a star."""
    out = lz4_frames.MAGIC + bytes([flags, 0x40, 0])
    for block in blocks:
        stored = block[:1] == b"*"
        data = block[1:] if stored else block
        out += struct.pack("<I", len(data) | (1 << 31 if stored else 0)) + data
    return out + struct.pack("<I", 0) + tail


def content(data: bytes) -> bytes:
    return b"".join(lz4_frames.expand(blob(data), Budget()))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(lz4(b"*hello"), b"hello", id="stored"),
        pytest.param(lz4(b"\x50hello"), b"hello", id="literals only"),
        pytest.param(lz4(b"\x12a\x01\x00\x10b"), b"aaaaaaab", id="a match that overlaps itself"),
        pytest.param(lz4(b"\xf0\x05" + b"x" * 20), b"x" * 20, id="a long run of literals"),
        pytest.param(lz4(b"*abcd", b"\x00\x04\x00\x10e", flags=0x40), b"abcdabcde", id="a match in the block before"),
        pytest.param(lz4(b"*a") + lz4(b"*b"), b"ab", id="two frames"),
        pytest.param(struct.pack("<II", 0x184D2A50, 3) + b"xyz" + lz4(b"*a"), b"a", id="a frame to skip"),
        pytest.param(lz4(b"*a", flags=0x64, tail=bytes(4)), b"a", id="a checksum at the end"),
    ],
)
def test_lz4_frames_are_expanded(frame: bytes, expected: bytes) -> None:
    assert content(frame) == expected


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(lz4(b"\x12a\x09\x00\x10b"), id="a match from before the start"),
        pytest.param(lz4(b"\x12a\x00\x00\x10b"), id="a match of distance zero"),
        pytest.param(lz4(b"\x1fa\x01\x00" + b"\xff" * 300 + b"\x00\x10b"), id="more than a block may hold"),
        pytest.param(lz4(b"\xf0" + b"\xff" * 40), id="a length without an end"),
        pytest.param(lz4(b"*a")[:-6], id="cut"),
        pytest.param(lz4(b"*a") + b"more", id="something behind"),
    ],
)
def test_broken_lz4_is_refused(frame: bytes) -> None:
    with pytest.raises(UnreadableError):
        content(frame)


@given(st.binary(max_size=200))
def test_lz4_survives_any_block(data: bytes) -> None:
    survives(READERS["lz4"], lz4(data))


def test_lz4_is_what_the_reference_writes() -> None:
    reference = pytest.importorskip("lz4.frame")
    data = bytes(range(256)) * 3000 + b"a" * 300_000
    assert content(reference.compress(data)) == data
    assert content(reference.compress(data, block_linked=False, content_checksum=True)) == data


def test_zstd_is_expanded() -> None:
    data = b"numbers " * 100_000
    (inner,) = views(READERS["zstd"], zstd.compress(data))
    assert isinstance(inner, Blob) and inner.size == len(data)


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional_codecs, "_first", lambda *names: None)
    (gap,) = views(READERS["zstd"], zstd.compress(b"x"))
    assert isinstance(gap, Gap) and "zstd" in gap.remedy


def test_zip_members_packed_by_zstd_are_judged() -> None:
    for payload, verdict in ((b"plain text\n" * 100, "clean"), (b"cos\nsystem\n(S'id'\ntR.", "dangerous")):
        target = BytesIO()
        with zstd_zipfile.ZipFile(target, "w", zstd_zipfile.ZIP_ZSTANDARD) as archive:
            archive.writestr("a.txt", payload)
        found = scan_bytes(target.getvalue(), "m.zip")
        assert found.verdict == verdict, said(found)


def test_zip_members_packed_by_deflate64_are_judged() -> None:
    pytest.importorskip("inflate64")
    import inflate64

    packer = inflate64.Deflater()
    payload = b"some text " * 500
    packed = packer.deflate(payload) + packer.flush()
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", packed)
    data = bytearray(target.getvalue())
    for at, mark in ((8, b"PK\x03\x04"), (10, b"PK\x01\x02")):
        start = data.find(mark)
        data[start + at : start + at + 2] = struct.pack("<H", 9)
    found = scan_bytes(bytes(data), "m.zip")
    assert found.verdict == "clean", said(found)


def split_last_part(members: dict[str, int], part: int) -> bytes:
    """The last part of a split archive: the directory, and no member of another part."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in members:
            archive.writestr(name, "text " * 20)
    data = target.getvalue()
    start = data.find(b"PK\x01\x02")
    rest = bytearray(b"text" * 100 + data[start:])
    at = 400
    for volume in members.values():
        rest[at + 34 : at + 36] = struct.pack("<H", volume)
        at = rest.find(b"PK\x01\x02", at + 4)
    end = rest.rfind(b"PK\x05\x06")
    rest[end + 4 : end + 8] = struct.pack("<2H", part, part)
    rest[end + 16 : end + 20] = struct.pack("<I", 400)
    return bytes(rest)


def test_a_part_of_a_split_zip_is_incomplete_and_named_so() -> None:
    found = scan_bytes(split_last_part({"a.txt": 0, "b.txt": 1}, 2), "m.zip")
    assert found.verdict == "incomplete", said(found)
    assert "another part of a split archive" in said(found)


def test_calling_itself_a_part_hides_no_member() -> None:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("m/data.pkl", b"cos\nsystem\n(S'id'\ntR.")
    data = bytearray(target.getvalue())
    end = data.rfind(b"PK\x05\x06")
    data[end + 4 : end + 8] = struct.pack("<2H", 3, 3)
    assert scan_bytes(bytes(data), "m.pt").verdict == "dangerous"
