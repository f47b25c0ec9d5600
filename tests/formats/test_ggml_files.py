"""Models of ggml from before GGUF, written from the public layouts."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.formats import ggml_files
from ossmodelkit.formats.harmless import Harmless
from tests.making.blobs import survives, views
from tests.making.memory import said, scan_bytes


def tensor(so_far: int, name: bytes, shape: tuple[int, ...], kind: int, size: int, *, aligned: bool) -> bytes:
    head = struct.pack(f"<3i{len(shape)}i", len(shape), len(name), kind, *shape) + name
    return head + bytes(-(so_far + len(head)) % 32 if aligned else 0) + bytes(size)


def llama(magic: bytes, version: int | None, quantized: int) -> bytes:
    """Settings, ten tokens, a full and a quantized tensor."""
    data = magic + (struct.pack("<I", version) if version else b"") + struct.pack("<7i", 10, 32, 256, 4, 2, 8, 2)
    for number in range(10):
        word = f"t{number}".encode()
        data += struct.pack("<I", len(word)) + word + (struct.pack("<f", -1.0) if version else b"")
    aligned = magic == ggml_files.GGJT
    data += tensor(len(data), b"norm.weight", (32,), 0, 128, aligned=aligned)
    return data + tensor(len(data), b"tok_embeddings.weight", (32, 10), 2, 10 * quantized, aligned=aligned)


def whisper() -> bytes:
    data = ggml_files.GGML + struct.pack("<11i", 51864, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1)
    data += (
        struct.pack("<2i", 80, 201) + bytes(4 * 80 * 201) + struct.pack("<i", 3) + struct.pack("<I3s", 3, b"abc") * 3
    )
    return data + tensor(0, b"bias", (16, 1), 0, 64, aligned=False)


def adapter() -> bytes:
    data = ggml_files.GGLA + struct.pack("<I2i", 1, 8, 16)
    return data + tensor(len(data), b"layers.0.attention.wq.weight.loraA", (32, 8), 0, 1024, aligned=True)


def matrix() -> bytes:
    entry = struct.pack("<i", 19) + b"blk.0.attn_q.weight" + struct.pack("<2i", 3, 16) + bytes(64)
    return struct.pack("<i", 2) + entry * 2 + struct.pack("<2i", 100, 5) + b"a.txt"


FILES = {
    "ggml": llama(ggml_files.GGML, None, 20),
    "ggmf": llama(ggml_files.GGMF, 1, 20),
    "ggjt 1": llama(ggml_files.GGJT, 1, 20),
    "ggjt 3": llama(ggml_files.GGJT, 3, 18),
    "adapter": adapter(),
    "whisper": whisper(),
    "importance matrix": matrix(),
}


@pytest.mark.parametrize("name", FILES)
def test_old_files_are_clean(name: str) -> None:
    found = scan_bytes(FILES[name], "model.bin")
    assert found.verdict == "clean", said(found)


@pytest.mark.parametrize("name", FILES)
def test_what_follows_or_is_missing_is_not_passed_over(name: str) -> None:
    assert scan_bytes(FILES[name] + b"cos\nsystem\n(S'id'\ntR.", "model.bin").verdict != "clean"
    assert scan_bytes(FILES[name][:-3], "model.bin").verdict != "clean"


def test_the_view_says_what_it_is() -> None:
    (view,) = views(ggml_files.READER, FILES["ggjt 3"])
    assert isinstance(view, Harmless)


@given(st.sampled_from(sorted(FILES)), st.integers(4, 300), st.binary(min_size=1, max_size=8))
def test_damage_is_survived(name: str, at: int, other: bytes) -> None:
    data = FILES[name][:at] + other + FILES[name][at + len(other) :]
    for reader in (ggml_files.READER, ggml_files.MATRIX):
        survives(reader, data)
