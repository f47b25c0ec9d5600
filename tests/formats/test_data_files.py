"""Tables and vectors of other programs are data; what only begins like one is not taken for it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import onnx.numpy_helper
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.formats.data_files import READER
from ossmodelkit.scanning.verdict import Word
from tests.making.blobs import survives
from tests.making.memory import said, scan_bytes

NOISE = bytes(np.random.default_rng(0).integers(0, 256, 600, dtype=np.uint8))


def stata() -> bytes:
    return struct.pack("<BBBBHI", 114, 2, 1, 0, 2, 3) + bytes(99) + NOISE


def vectors(word: bytes = b"the") -> bytes:
    rows = (name + b" " + struct.pack("<4f", 1, 2, 3, 4) for name in (word, b"of", "für".encode()))
    return b"3 4\n" + b"\n".join(rows) + b"\n"


ORDINARY = {
    "avro": b"Obj\x01\x02\x16avro.schema\x04{}" + NOISE,
    "orc": b"ORC" + NOISE + b"ORC\x17",
    "stata": stata(),
    "stata with tags": b"<stata_dta><header><release>118</release>" + NOISE,
    "matlab": b"MATLAB 5.0 MAT-file, by scipy".ljust(124) + b"\x00\x01IM" + NOISE,
    "netcdf": b"CDF\x02" + NOISE,
    "idx": b"\0\0\x08\x02" + struct.pack(">II", 20, 30) + NOISE,
    "vectors": vectors(),
    "xgboost": b"\x01\xab\xff\xffversion:" + NOISE,
    "lightgbm": b"______LightGBM_Binary_File_Token______\n" + NOISE,
    "onnx tensor": onnx.numpy_helper.from_array(np.ones((3, 5), "float32"), "x").SerializeToString(),
    "ctranslate2": struct.pack("<IH", 6, 9) + b"GPT2Spec\0" + NOISE,
    "hadoop": b"crc\0\0\0\2\0" + NOISE,
}
ALIKE = {
    "orc cut off": b"ORC" + NOISE,
    "avro without a schema": b"Obj\x01" + NOISE,
    "idx of another size": b"\0\0\x08\x02" + struct.pack(">II", 21, 30) + NOISE,
    "vectors with controls": vectors(b"t\x01\x02"),
    "vectors cut off": vectors()[:40],
    "another name than a specification's": struct.pack("<IH", 6, 9) + b"GPT2Evil\0" + NOISE,
    "two empty maps": b"\x80\x80",
    "a tensor whose data lie elsewhere": onnx.TensorProto(
        dims=[2], data_type=1, data_location=1, external_data=[onnx.StringStringEntryProto(key="location", value="/x")]
    ).SerializeToString(),
}


@pytest.mark.parametrize("data", ORDINARY.values(), ids=ORDINARY.keys())
def test_data_of_other_programs_are_clean(data: bytes) -> None:
    found = scan_bytes(data)
    assert found.verdict is Word.CLEAN, said(found)


@pytest.mark.parametrize("data", ALIKE.values(), ids=ALIKE.keys())
def test_what_only_begins_like_data_is_not_clean(data: bytes) -> None:
    found = scan_bytes(data)
    assert found.verdict is not Word.CLEAN, said(found)


@given(st.sampled_from([*ORDINARY.values()]), st.data())
def test_a_changed_byte_is_no_crash(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, min(len(data), 80) - 1))
    changed = data[:at] + draw.draw(st.binary(min_size=1, max_size=1)) + data[at + 1 :]
    assert not [gap for gap in scan_bytes(changed).answers.gaps if "Error" in gap.reason]


def test_lists_without_entries_are_ordinary(tmp_path: Path) -> None:
    assert scan_bytes(b"", "patterns.jsonl").verdict is Word.CLEAN
    assert scan_bytes(b"", "models--a--b/.no_exist/5f2/adapter_config.json").verdict is Word.CLEAN
    assert scan_bytes(b"\x80", "lookups.bin").verdict is Word.CLEAN
    assert scan_bytes(b"\x80", "model.bin").verdict is Word.INCOMPLETE
    assert scan_bytes(b"", "model.pkl").verdict is Word.INCOMPLETE


@pytest.mark.parametrize("size", range(4, 12))
def test_an_array_that_ends_in_its_lengths_is_survived(size: int) -> None:
    survives(READER, b"\0\0\x0b\x02".ljust(size, b"\0"))
