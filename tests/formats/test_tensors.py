"""Where tensors lie: real files by torch, safetensors and gguf, and the bytes that are found there."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.tensors import Tensor, tensors_of
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget
from tests.making.container_attacks import CONTAINERS

SMALL = sorted(name for name, data in CONTAINERS.items() if len(data) < 20_000)


def found(data: bytes) -> dict[str, Tensor]:
    blob = Blob(at=Place(path="f"), stream=io.BytesIO(data), size=len(data))
    return {one.name: one for one in tensors_of(blob, Budget()) or ()}


def saved(value: Any, **how: Any) -> bytes:
    torch = pytest.importorskip("torch")
    out = io.BytesIO()
    torch.save(value, out, **how)
    return out.getvalue()


def weights() -> dict[str, Any]:
    torch = pytest.importorskip("torch")
    whole = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return {
        "whole": whole,
        "rows": whole[1:3],
        "parameter": torch.nn.Parameter(whole * 2),
        "half": whole.to(torch.bfloat16),
        "eighth": whole.to(torch.float8_e4m3fn),
        "one": torch.tensor(3.0),
        "none": torch.zeros(0, 5),
    }


@pytest.mark.train
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_the_bytes_are_those_of_each_tensor(zipped: bool) -> None:
    torch = pytest.importorskip("torch")
    made = weights()
    data = saved(made, _use_new_zipfile_serialization=zipped)
    for name, place in found(data).items():
        raw = bytes(made[name].detach().contiguous().flatten().view(torch.uint8).numpy()) if place.size else b""
        assert (data[place.offset : place.offset + place.size], place.shape) == (raw, tuple(made[name].shape)), name
    assert found(data).keys() == made.keys()


@pytest.mark.train
def test_a_turned_tensor_says_how_it_lies() -> None:
    turned = found(saved({"t": weights()["whole"].t()}))["t"]
    assert (turned.shape, turned.strides, turned.size) == ((6, 4), (1, 6), 96)


@pytest.mark.train
@pytest.mark.parametrize(
    ("wrapped", "names"),
    [
        pytest.param(lambda m: m, {"0.weight", "0.bias", "1.weight", "1.bias"}, id="a whole module"),
        pytest.param(lambda m: m.state_dict(), {"0.weight", "0.bias", "1.weight", "1.bias"}, id="its state"),
        pytest.param(
            lambda m: {"state_dict": m.state_dict(), "optimizer": {"state": {0: {"step": m[0].bias}}}},
            {"0.weight", "0.bias", "1.weight", "1.bias"},
            id="a checkpoint with an optimizer",
        ),
        pytest.param(lambda m: [m[0].weight, {"b": m[0].bias}], set(), id="a list has no names"),
    ],
)
def test_names_are_those_of_a_state_dict(wrapped: Any, names: set[str]) -> None:
    torch = pytest.importorskip("torch")
    assert set(found(saved(wrapped(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3)))))) == names


@pytest.mark.train
def test_more_tensors_than_the_machine_keeps_of_a_container_are_all_found() -> None:
    torch = pytest.importorskip("torch")
    many = {f"layer.{number}.weight": torch.full((2,), float(number)) for number in range(700)}
    for zipped in (True, False):
        assert set(found(saved(many, _use_new_zipfile_serialization=zipped))) == set(many)


def test_gguf_sides_are_turned_and_types_have_their_words(tmp_path: Path) -> None:
    gguf, numpy = pytest.importorskip("gguf"), pytest.importorskip("numpy")
    writer = gguf.GGUFWriter(tmp_path / "f", "llama")
    matrix = numpy.arange(24, dtype=numpy.float32).reshape(6, 4)
    writer.add_tensor("blk.0.attn_q.weight", matrix)
    writer.add_tensor("output_norm.weight", numpy.ones(4, dtype=numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    data = (tmp_path / "f").read_bytes()
    one, other = found(data).values()
    assert (one.dtype, one.shape, other.dtype, other.shape) == ("F32", (6, 4), "F16", (4,))
    assert data[one.offset : one.offset + one.size] == matrix.tobytes()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pickle.dumps({"a": 1}, 2), id="a pickle without tensors"),
        pytest.param(pickle.dumps([1] * 9, 2) * 5, id="five pickles that are no checkpoint"),
        pytest.param(b"\x80\x02]q\x00" + b"]q\x01h\x01a" * 40 + b".", id="lists inside of lists"),
        pytest.param(b"\x08" + bytes(7) + b'{"a":1 }', id="a header that breaks its rules"),
        pytest.param(b"PK\x03\x04" + bytes(40), id="a zip without a directory"),
    ],
)
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        found(data)


@pytest.mark.train
def test_a_storage_shorter_than_its_tensor_is_refused() -> None:
    data = saved({"a": weights()["whole"]}).replace(b"K\x04K\x06\x86", b"K\x05K\x06\x86")
    with pytest.raises(UnreadableError, match="reaches beyond its storage"):
        found(data)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(SMALL), st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=8))
def test_changed_files_give_places_inside_or_a_refusal(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(CONTAINERS[name])
    for at, value in changes:
        data[at % len(data)] = value
    try:
        places = found(bytes(data)).values()
    except UnreadableError:
        return
    assert all(0 <= one.offset <= one.offset + one.size <= len(data) for one in places)
