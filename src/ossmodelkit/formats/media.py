"""Pictures, sound, video, fonts, documents and data tables: what model folders hold beside models.

None of these is run by a loader, so the signature is enough; whatever else the same bytes could be is read by
that format's own reader, and what stands behind the end is a file of its own (`media_ends`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ossmodelkit.formats.harmless import Harmless
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.limits import Budget

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (0, b"\xff\xd8\xff", "JPEG picture"),
    (0, b"GIF87a", "GIF picture"),
    (0, b"GIF89a", "GIF picture"),
    (0, b"BM", "BMP picture"),
    (0, b"II*\0", "TIFF picture"),
    (0, b"MM\0*", "TIFF picture"),
    (0, b"\0\0\1\0", "icon"),
    (0, b"OggS", "Ogg sound"),
    (0, b"fLaC", "FLAC sound"),
    (0, b"ID3", "MP3 sound"),
    (0, b"\xff\xfb", "MP3 sound"),
    (0, b"\xff\xf3", "MP3 sound"),
    (0, b"\xff\xf1", "AAC sound"),
    (0, b"\x1aE\xdf\xa3", "Matroska video"),
    (4, b"ftyp", "MP4 video or picture"),
    (0, b"%PDF-", "PDF document"),
    (0, b"\0\1\0\0\0", "TrueType font"),
    (0, b"OTTO", "OpenType font"),
    (0, b"wOFF", "web font"),
    (0, b"wOF2", "web font"),
    (0, b"PAR1", "Parquet table"),
    (0, b"ARROW1\0\0", "Arrow table"),
    (0, b"FEA1", "Feather table"),
    (0, b"\xff\xff\xff\xff", "Arrow stream"),
    (0, b"SQLite format 3\0", "SQLite database"),
    (0, b"\0\0\0\1Bud1", "folder view of macOS"),
    (0, b"\xba\x16\x4f\x2f", "fastText vectors"),
    (0, b"mmap lm http://kheafield.com/code format version", "KenLM language model"),
    (0, b"IxF", "FAISS index"),
    (0, b"IxM", "FAISS index"),
    (0, b"IwF", "FAISS index"),
    (0, b"IHN", "FAISS index"),
)
RIFF = {b"WAVE": "WAV sound", b"WEBP": "WebP picture", b"AVI ": "AVI video"}


def kind_of(blob: Blob) -> str:
    """What the signature says; empty for anything else."""
    head = blob.head(64)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64"):
        return RIFF.get(head[8:12], "")
    kind = next((kind for at, magic, kind in SIGNATURES if head[at : at + len(magic)] == magic), "")
    if kind.startswith("BMP"):
        return kind if len(head) > 18 and struct.unpack_from("<I", head, 2)[0] == blob.size else ""
    if kind in ("Parquet table", "Feather table"):
        return kind if blob.size > 12 and blob.slice(blob.size - 4, 4) == head[:4] else ""
    if kind == "Arrow stream":
        return kind if len(head) > 8 and 0 < struct.unpack_from("<i", head, 4)[0] < min(blob.size, 1 << 24) else ""
    if kind == "FAISS index":
        return kind if blob.size > 40 and head[3:4].isalnum() and head[4:12].find(b"\0") >= 0 else ""
    if kind == "icon":
        return kind if len(head) >= 22 and 0 < struct.unpack_from("<H", head, 4)[0] < 64 and head[9] == 0 else ""
    if kind == "TrueType font":
        return kind if len(head) > 6 and 4 < struct.unpack_from(">H", head, 4)[0] < 64 else ""
    return kind


def accepts(blob: Blob) -> bool:
    """By signature."""
    return kind_of(blob) != ""


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `Harmless` view, the pickles in the types of a table, and what stands behind the end of a picture."""
    kind = kind_of(blob)
    yield Harmless(at=blob.at, kind=kind)
    if kind.startswith(("Arrow", "Parquet", "Feather")):
        from ossmodelkit.formats.arrow_types import pickled_types

        yield from pickled_types(blob, budget)
    else:
        from ossmodelkit.formats.media_ends import behind

        yield from behind(blob, kind, budget)


def accepts_records(blob: Blob) -> bool:
    """TFRecord framing: a length, its checksum, and a record that fits, three times over."""
    offset = 0
    for _ in range(3):
        head = blob.slice(offset, 12)
        if len(head) < 12:
            return offset > 0 and offset == blob.size
        length, checksum = struct.unpack("<QI", head)
        if length > blob.size - offset - 16 or _masked(head[:8]) != checksum:
            return False
        offset += 16 + length
        if offset == blob.size:
            return True
    return True


def _masked(data: bytes) -> int:
    """TFRecord's masked CRC-32C (Castagnoli), tensorflow/core/lib/hash/crc32c.h."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 & -(value & 1))
    value ^= 0xFFFFFFFF
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def read_records(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `Harmless` view: events and examples are data."""
    yield Harmless(at=blob.at, kind="TensorBoard events or TFRecord data")


READER = Reader(name="media", accepts=accepts, read=read)
RECORDS = Reader(name="tfrecord", accepts=accepts_records, read=read_records)
