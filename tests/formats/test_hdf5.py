from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.formats.hdf5 import READER, Hdf5, Hdf5Outside
from ossmodelkit.formats.keras import KerasConfig
from ossmodelkit.formats.reading import Blob
from ossmodelkit.scanning.checks.keras import CHECKS
from tests.making.blobs import ids, scan, survives, views

CONFIG = json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": []}, "pad": "x" * 70_000})


def written(fill: object, **options: object) -> bytes:
    target = io.BytesIO()
    with h5py.File(target, "w", **options) as file:
        fill(file)  # type: ignore[operator]
    return target.getvalue()


def keras_file(file: h5py.File) -> None:
    file.attrs["model_config"] = CONFIG
    file.attrs["keras_version"] = "2.15.0"
    file.attrs["layer_names"] = np.array([b"dense", b"dense_1"])
    weights = file.create_group("model_weights")
    for index in range(120):
        layer = weights.create_group(f"layer_{index}/inner")
        layer.attrs["weight_names"] = [b"kernel:0", b"bias:0"]
        layer.create_dataset("kernel:0", data=np.zeros((3, 5), "float32"))
    weights["again"] = h5py.SoftLink("/model_weights/layer_0")
    weights.create_dataset("packed", data=np.zeros((64, 64)), chunks=True, compression="gzip", shuffle=True)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="earliest"),
        pytest.param({"libver": "latest"}, id="latest"),
        pytest.param({"libver": ("earliest", "v110")}, id="v110"),
        pytest.param({"track_order": True}, id="order tracked"),
        pytest.param({"libver": "latest", "track_order": True}, id="latest, order tracked"),
        pytest.param({"userblock_size": 1024}, id="user block"),
    ],
)
def test_every_layout_that_h5py_writes_is_walked(options: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", **options) as file:
        keras_file(file)
        count = 1
        file.visititems(lambda *_: None)
        names: list[str] = []
        file.visit(names.append)
        count += len(names)
    found = views(READER, path.read_bytes())
    (head,) = [view for view in found if isinstance(view, Hdf5)]
    assert head.objects == count
    assert [view.value["class_name"] for view in found if isinstance(view, KerasConfig)] == ["Sequential"]
    assert ids(CHECKS, READER, path.read_bytes()) == []


@pytest.mark.parametrize("options", [{}, {"libver": "latest"}])
@pytest.mark.parametrize("crowd", [0, 400])
def test_hdf5_leaves_file_flags(options: dict[str, object], crowd: int) -> None:
    def fill(file: h5py.File) -> None:
        group = file.create_group("g")
        for index in range(crowd):
            group.create_group(f"n{index}")
        group["out"] = h5py.ExternalLink("/etc/passwd", "/x")
        file.create_dataset("stored", shape=(8,), dtype="u1", external=[("/etc/hosts", 0, 8)])
        layout = h5py.VirtualLayout(shape=(3,), dtype="f4")
        layout[:] = h5py.VirtualSource("/tmp/other.h5", "d", shape=(3,))
        file.create_virtual_dataset("virtual", layout)

    found = {(v.kind, v.target) for v in views(READER, written(fill, **options)) if isinstance(v, Hdf5Outside)}
    assert ("external storage", "/etc/hosts") in found
    assert ("virtual dataset", "/tmp/other.h5") in found
    assert any(kind == "external link" and target.startswith("/etc/passwd") for kind, target in found)


def test_hdf5_shape_bomb_flags() -> None:
    data = written(lambda f: f.create_dataset("w", shape=(1 << 20, 1 << 20), dtype="f8", chunks=(64, 64)))
    assert ids(CHECKS, READER, data) == ["hdf5-shape-bomb"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(np.void(pickle.dumps([1, 2])), id="opaque attribute"),
        pytest.param(np.frombuffer(pickle.dumps([1, 2]), "u1"), id="bytes attribute"),
    ],
)
def test_pickles_in_attributes_are_handed_on(value: object) -> None:
    found = views(READER, written(lambda f: f.attrs.create("a", value)))
    assert [pickle.loads(v.stream.read()) for v in found if isinstance(v, Blob)] == [[1, 2]]


def test_pickles_in_datasets_are_handed_on() -> None:
    data = pickle.dumps({"a": 1})
    found = views(READER, written(lambda f: f.create_dataset("p", data=np.frombuffer(data, "u1"))))
    assert [v.stream.read() for v in found if isinstance(v, Blob)] == [data]


SAMPLE = written(keras_file)
LATEST = written(keras_file, libver="latest")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([SAMPLE, LATEST]), st.integers(0, 3000), st.binary(min_size=1, max_size=12))
def test_forged_bytes_are_survived(sample: bytes, at: int, change: bytes) -> None:
    survives(READER, sample[:at] + change + sample[at + len(change) :])


@settings(max_examples=60, deadline=None)
@given(st.integers(8, len(SAMPLE)))
def test_cut_files_are_survived(length: int) -> None:
    survives(READER, SAMPLE[:length])


@pytest.mark.parametrize("libver", ["earliest", "v110", "latest"])
def test_attributes_of_any_size_are_read(tmp_path: Path, libver: str) -> None:
    """Large ones lie outside of the heap, texts of variable length in one collection for all."""
    with h5py.File(tmp_path / "m.h5", "w", libver=libver, track_order=True) as file:
        file.attrs.create("large", np.zeros(200_000, "u1"))
        file.attrs["weight_names"] = [f"layer_{number}/kernel:0" for number in range(1500)]
        for number in range(12):
            file.attrs[f"small{number}"] = number
    assert scan(tmp_path).verdict == "clean"


@pytest.mark.parametrize("libver", ["v110", "latest"])
@pytest.mark.parametrize(("source", "verdict"), [(".", "clean"), ("other.h5", "dangerous"), ("/etc/x.h5", "dangerous")])
def test_virtual_datasets_may_draw_from_their_own_file(tmp_path: Path, source: str, verdict: str, libver: str) -> None:
    layout = h5py.VirtualLayout(shape=(1, 4), dtype="f8")
    layout[0] = h5py.VirtualSource(source, "x", shape=(4,))
    with h5py.File(tmp_path / "m.h5", "w", libver=libver) as file:
        file["x"] = np.zeros(4)
        file.create_virtual_dataset("v", layout)
    assert scan(tmp_path).verdict == verdict


def named_type(file: h5py.File) -> None:
    file["text"] = np.dtype("S200")
    file.attrs.create("model_config", np.bytes_(LAMBDA), dtype=file["text"])


def named_variable_type(file: h5py.File) -> None:
    file["text"] = h5py.string_dtype()
    file.attrs.create("model_config", LAMBDA, dtype=file["text"])


def named_opaque_type(file: h5py.File) -> None:
    file["bytes"] = np.dtype(f"V{len(CALLS)}")
    file.create_dataset("w", data=np.void(CALLS), dtype=file["bytes"])


def rows_of_objects(file: h5py.File) -> None:
    rows = file.create_dataset("values", (1,), dtype=h5py.vlen_dtype(np.uint8))
    rows[0] = np.frombuffer(CALLS, np.uint8)
    rows.attrs["PSEUDOATOM"] = np.bytes_("object")


def test_a_broken_attribute_hides_no_other() -> None:
    data = bytearray(written(lambda file: file.attrs.update({"keras_version": "2.15", "model_config": LAMBDA})))
    at = data.index(b"keras_version") + 16
    reference = data.index(b"\x01\0\0\0", at + 24)  # the number of its text in the heap
    data[reference : reference + 4] = b"\x7d\0\0\0"
    assert "keras-runs-lambda" in ids(CHECKS, READER, bytes(data))


CALLS = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R."
LAMBDA = json.dumps({"class_name": "Lambda", "config": {"function": ["4wE=", None, None]}})


@pytest.mark.parametrize("options", [{}, {"libver": "latest"}], ids=["earliest", "latest"])
@pytest.mark.parametrize("fill", [named_type, named_variable_type, named_opaque_type, rows_of_objects])
def test_named_types_and_rows_of_objects_are_read(tmp_path: Path, fill: object, options: dict[str, str]) -> None:
    """h5py reads a value of a named type like any other; PyTables unpickles the rows that it marks."""
    (tmp_path / "m.h5").write_bytes(written(fill, **options))
    assert scan(tmp_path).verdict == "dangerous"


def test_a_layout_of_one_byte_is_survived() -> None:
    data = bytes.fromhex(
        "894844460d0a1a0a030808000000000000000000ffffffffffffffff2f110000000000003000000000000000bcecbd584f48"
        "4452020078021200000000ffffffffffffffffffffffffffffffff080200010000060f000001000474657874b30000000000"
        "00001512000400ff00ffffffff"
    )
    survives(READER, data.ljust(231, b"\0"))
