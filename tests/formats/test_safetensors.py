from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from ossmodelkit.formats.safetensors import READER
from ossmodelkit.scanning.checks.safetensors import CHECKS
from tests.making.blobs import ids, survives

GOOD = save({"a": np.zeros((3, 4), "float32"), "b": np.arange(5, dtype="int8")}, metadata={"format": "pt"})


def packed(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def tensor(begin: int, end: int, dtype: str = "U8", shape: list[int] | None = None) -> dict[str, object]:
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            packed({"a": tensor(0, 4), "b": tensor(2, 6)}, bytes(6)), "safetensors-hidden-bytes", id="overlap"
        ),
        pytest.param(packed({"a": tensor(0, 4), "b": tensor(6, 8)}, bytes(8)), "safetensors-hidden-bytes", id="hole"),
        pytest.param(packed({"a": tensor(4, 8)}, bytes(8)), "safetensors-hidden-bytes", id="bytes before the first"),
        pytest.param(GOOD + b"PK\x03\x04", "safetensors-hidden-bytes", id="bytes after the end"),
        pytest.param(packed({"a": tensor(0, 9)}, bytes(4)), "safetensors-malformed", id="tensor beyond the end"),
        pytest.param(packed({"a": tensor(0, 4, "Q9")}, bytes(4)), "safetensors-malformed", id="unknown dtype"),
        pytest.param(
            packed({"a": tensor(0, 4, "F32", [2])}, bytes(4)), "safetensors-malformed", id="size and shape differ"
        ),
        pytest.param(packed({"a": tensor(0, 0, "F32", [2**40, 2**40])}), "safetensors-malformed", id="shape overflows"),
        pytest.param(packed({"a": tensor(0, 4, "U8", [-4])}, bytes(4)), "safetensors-malformed", id="negative shape"),
        pytest.param(packed(b'{"a":1,"a":2}'), "safetensors-malformed", id="duplicate key"),
        pytest.param(packed(b'{"a":'), "safetensors-malformed", id="broken JSON"),
        pytest.param(packed({"__metadata__": {"n": 1}}), "safetensors-malformed", id="metadata that is no text"),
        pytest.param(struct.pack("<Q", 2**62) + b"{}", "safetensors-malformed", id="header of 2^62 bytes"),
        pytest.param(packed(b"{" + b'"a":[' * 5000), "safetensors-malformed", id="deeply nested"),
    ],
)
def test_safetensors_flags(data: bytes, expected: str) -> None:
    assert ids(CHECKS, READER, data) == [expected]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GOOD, id="two tensors"),
        pytest.param(save({}), id="no tensor"),
        pytest.param(save({"e": np.zeros((0, 3), "float32"), "s": np.array(1.0, "float32")}), id="empty and scalar"),
        pytest.param(b"[[[[[[[[{}]]]]]]]]", id="JSON text is no safetensors"),
    ],
)
def test_safetensors_leaves_alone(data: bytes) -> None:
    assert ids(CHECKS, READER, data) == []


def accepted_by_reference(data: bytes) -> bool:
    try:
        deserialize(data)
    except SafetensorError:
        return False
    return True


@given(st.data())
def test_whatever_the_reference_refuses_is_flagged(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 3))
    header = {
        f"t{i}": {
            "dtype": data.draw(st.sampled_from(["U8", "F32", "BF16", "X"])),
            "shape": data.draw(st.lists(st.integers(0, 5), max_size=2)),
            "data_offsets": sorted(data.draw(st.lists(st.integers(0, 24), min_size=2, max_size=2))),
        }
        for i in range(count)
    }
    whole = packed(header, bytes(data.draw(st.integers(0, 24))))
    assert (ids(CHECKS, READER, whole) == []) == accepted_by_reference(whole)


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(tail: bytes) -> None:
    survives(READER, struct.pack("<Q", len(tail)) + b"{" + tail)
    survives(READER, tail)
