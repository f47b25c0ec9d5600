from __future__ import annotations

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.formats.gguf import READER, Gguf
from ossmodelkit.formats.templates import ChatTemplate
from ossmodelkit.scanning.checks.gguf import CHECKS
from tests.making.blobs import ids, survives, views


def written(folder: Path, *, order: gguf.GGUFEndian = gguf.GGUFEndian.LITTLE, alignment: int = 0) -> bytes:
    path = folder / "m.gguf"
    writer = gguf.GGUFWriter(path, "llama", endianess=order)
    writer.add_block_count(2)
    if alignment:
        writer.add_custom_alignment(alignment)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"tok{i}" for i in range(500)])
    writer.add_token_scores([0.5] * 500)
    writer.add_chat_template([{"name": "default", "template": "{{ a }}"}, {"name": "tool", "template": "{{ b }}"}])
    writer.add_tensor("x", np.zeros((4, 7), "float32"))
    writer.add_tensor("y", np.zeros((3, 64), "float16"))
    writer.add_tensor(
        "q",
        gguf.quantize(np.ones((2, 64), "float32"), gguf.GGMLQuantizationType.Q8_0),
        raw_dtype=gguf.GGMLQuantizationType.Q8_0,
    )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="as written"),
        pytest.param({"order": gguf.GGUFEndian.BIG}, id="big endian"),
        pytest.param({"alignment": 128}, id="own alignment"),
    ],
)
def test_gguf_of_the_reference_writer_is_left_alone(tmp_path: Path, options: dict[str, object]) -> None:
    data = written(tmp_path, **options)  # type: ignore[arg-type]
    assert ids(CHECKS, READER, data) == []
    found = views(READER, data)
    assert {"{{ a }}", "{{ b }}"} <= {view.text for view in found if isinstance(view, ChatTemplate)}
    (head,) = [v for v in found if isinstance(v, Gguf)]
    assert head.tensors == 3


def test_block_sizes_are_those_of_the_reference() -> None:
    from ossmodelkit.formats.gguf import BLOCKS

    known = {int(kind): sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
    assert {kind: BLOCKS[kind] for kind in known if kind in BLOCKS} == {k: v for k, v in known.items() if k in BLOCKS}
    assert set(known) <= set(BLOCKS)


def head(version: int, tensors: int, pairs: int, rest: bytes = b"") -> bytes:
    layout = "<4sIII" if version == 1 else "<4sIQQ"
    return struct.pack(layout, b"GGUF", version, tensors, pairs) + rest


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def info(name: bytes, dims: list[int], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(head(3, 2**62, 0), id="2^62 tensors"),
        pytest.param(head(3, 0, 2**63), id="2^63 entries"),
        pytest.param(head(3, 0, 1, struct.pack("<Q", 2**60) + bytes(40)), id="key of 2^60 bytes"),
        pytest.param(
            head(3, 0, 1, text(b"k") + struct.pack("<IIQ", 9, 8, 2**61) + bytes(20)), id="array of 2^61 texts"
        ),
        pytest.param(head(3, 0, 1, text(b"k") + struct.pack("<I", 99) + bytes(20)), id="unknown value type"),
        pytest.param(head(3, 1, 0, info(b"t", [2**40, 2**40], 0, 0)), id="shape overflows"),
        pytest.param(head(3, 1, 0, info(b"t", [4] * 9, 0, 0)), id="nine dimensions"),
        pytest.param(head(3, 1, 0, info(b"t", [4], 0, 2**50)), id="tensor beyond the end"),
        pytest.param(head(3, 1, 0, info(b"t", [4], 0, 7) + bytes(64)), id="tensor out of alignment"),
        pytest.param(head(3, 2, 0, info(b"a", [16], 0, 0) + info(b"b", [16], 0, 32) + bytes(256)), id="overlap"),
        pytest.param(head(3, 0, 1, text(b"general.alignment") + struct.pack("<II", 4, 0) + bytes(9)), id="alignment 0"),
        pytest.param(head(1, 2**31, 0, bytes(16)), id="version 1, too many tensors"),
    ],
)
def test_gguf_malformed_flags(data: bytes) -> None:
    assert ids(CHECKS, READER, data) == ["gguf-malformed"]


def test_gguf_hidden_bytes_flags(tmp_path: Path) -> None:
    assert ids(CHECKS, READER, written(tmp_path) + b"PK\x05\x06" + bytes(60)) == ["gguf-hidden-bytes"]


@given(st.binary(max_size=300), st.sampled_from([1, 2, 3]))
def test_any_bytes_are_survived(tail: bytes, version: int) -> None:
    survives(READER, struct.pack("<4sI", b"GGUF", version) + tail)
    survives(READER, head(version, len(tail) % 4, len(tail) % 3, tail))
