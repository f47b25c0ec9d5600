"""Tables, vectors and arrays of other programs: data by their signature, and one test of consistency each.

None of these formats holds code, a path to open, or an object to build. What else the same bytes could be
is read by that format's own reader.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from math import prod

from ossmodelkit.formats.harmless import Harmless
from ossmodelkit.formats.protobuf import BYTES, VARINT, document, sketch
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.limits import Budget

# At what offset, which bytes; `kind_of` tests some of them further.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"crc\0\0\0", "checksums of Hadoop"),
    (0, b"Obj\x01", "Avro data"),
    (0, b"ORC", "ORC table"),
    (0, b"<stata_dta><header>", "Stata table"),
    (0, b"HEADER RECORD*******LIBRARY HEADER RECORD", "SAS transport file"),
    (0, b"$FL2@(#)", "SPSS table"),
    (0, b"MATLAB 5.0 MAT-file", "MATLAB arrays"),
    (0, b"CDF\x01", "netCDF arrays"),
    (0, b"CDF\x02", "netCDF arrays"),
    (0, b"CDF\x05", "netCDF arrays"),
    (0, b"\x01\xab\xff\xffversion:", "XGBoost data matrix"),
    (0, b"______LightGBM_Binary_File_Token______\n", "LightGBM data set"),
    (16, b"\xde\xc0\xef\xbe", "LMDB database"),
)
OLD_STATA = range(105, 116)  # formats before the one with tags
WORD_VECTORS = re.compile(rb"([1-9][0-9]{0,8}) ([1-9][0-9]{0,4})\n")
WORDS_TRIED = 64
LONGEST_WORD = 1024
# IDX (MNIST): the code of the type and its width in bytes.
IDX_WIDTHS = {0x08: 1, 0x09: 1, 0x0B: 2, 0x0C: 4, 0x0D: 4, 0x0E: 8}
# ONNX's TensorProto: type and width in bytes, where raw data are of a fixed width (onnx/onnx.proto).
TENSOR_WIDTHS = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 14: 8, 15: 16, 16: 2}


def kind_of(blob: Blob) -> str:
    """What the bytes are; empty for anything else."""
    head = blob.head(64)
    kind = next((kind for at, magic, kind in SIGNATURES if head[at : at + len(magic)] == magic), "")
    if kind == "ORC table":
        return kind if blob.size > 16 and blob.slice(blob.size - 4, 3) == b"ORC" else ""
    if kind == "Avro data":
        return kind if b"avro.schema" in blob.head(4096) else ""
    if kind == "MATLAB arrays":
        return kind if blob.slice(126, 2) in (b"IM", b"MI") else ""
    return kind or _without_signature(blob, head)


def _without_signature(blob: Blob, head: bytes) -> str:
    if _is_old_stata(blob, head):
        return "Stata table"
    if _is_idx(blob, head):
        return "IDX array"
    if _is_ctranslate2(head):
        return "CTranslate2 model"
    if (found := WORD_VECTORS.match(head)) and _are_word_vectors(blob, found):
        return "word vectors"
    return ""


def _is_ctranslate2(head: bytes) -> bool:
    """A version, and the name of the class that describes the model: numbers by name follow."""
    if len(head) < 16 or not 0 < int.from_bytes(head[:4], "little") < 16:
        return False
    name = head[6 : 6 + int.from_bytes(head[4:6], "little")]
    return name.endswith(b"Spec\0") and name[:-1].isalnum()


def _is_old_stata(blob: Blob, head: bytes) -> bool:
    if len(head) < 64 or head[0] not in OLD_STATA or head[1] not in (1, 2) or head[2:4] != b"\x01\0":
        return False
    order = ">" if head[1] == 1 else "<"
    columns: int
    columns, rows = struct.unpack_from(f"{order}HI", head, 4)
    return 0 < columns < 1 << 15 and blob.size >= 109 + rows * columns


def _is_idx(blob: Blob, head: bytes) -> bool:
    if len(head) < 8 or head[:2] != b"\0\0" or head[2] not in IDX_WIDTHS or not 1 <= head[3] <= 4:
        return False
    if len(head) < 4 + 4 * head[3]:
        return False
    lengths: tuple[int, ...] = struct.unpack_from(f">{head[3]}I", head, 4)
    return blob.size == 4 + 4 * head[3] + IDX_WIDTHS[head[2]] * prod(lengths)


def _are_word_vectors(blob: Blob, found: re.Match[bytes]) -> bool:
    """The first words, each with its blank and so many floats, as word2vec writes them."""
    words, width = int(found[1]), 4 * int(found[2])
    at = found.end()
    if blob.size < at + words * (width + 2):
        return False
    for _ in range(min(words, WORDS_TRIED)):
        word, blank, _ = blob.slice(at, LONGEST_WORD).lstrip(b"\n").partition(b" ")
        if not blank or not word or min(word) < 0x20:
            return False
        at += len(word) + 1 + width + (blob.slice(at, 1) == b"\n")
    return at <= blob.size


def accepts(blob: Blob) -> bool:
    """By signature and consistency."""
    return kind_of(blob) != ""


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `Harmless` view."""
    yield Harmless(at=blob.at, kind=kind_of(blob))


def accepts_tensor(blob: Blob) -> bool:
    """A tensor of ONNX on its own, as test data lie beside models: its shape and type fit the raw data."""
    top = sketch(document(blob), 4096) or {}
    if not {2, 9} <= top.keys() <= {1, 2, 8, 9, 12} or top[2].wire != VARINT or top[9].wire != BYTES:
        return False
    width = TENSOR_WIDTHS.get(top[2].value, 0)
    lengths = [one.value for one in document(blob) if one.number == 1 and one.wire == VARINT]
    return bool(width) and prod(lengths) * width == top[9].size_bytes


def read_tensor(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `Harmless` view."""
    yield Harmless(at=blob.at, kind="ONNX tensor")


READER = Reader(name="data", accepts=accepts, read=read)
TENSOR = Reader(name="onnx-tensor", accepts=accepts_tensor, read=read_tensor)
