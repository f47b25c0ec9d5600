# ruff: noqa: E501 (a row of a table is one case)
"""Formats around models that name code, unpickle, or rebuild any object."""

from __future__ import annotations

import io
import json
import marshal
from pathlib import Path

import h5py
import pytest

from ossmodelkit.foundation.progress import Silent
from ossmodelkit.scanning.inspecting import inspect
from tests.making.container_attacks import zipped
from tests.making.memory import MemorySource, said, scan_bytes

TABLES = Path(__file__).parent.parent / "data" / "arrow"
CALLS = b"cos\nsystem\n(S'id'\ntR."
ZARR = '{"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "compressor": {"id": "blosc"}, "filters": [%s]}'
MXNET = '{"nodes": [{"op": "%s", "name": "n", "attrs": {"op_type": "x"}}], "arg_nodes": [], "heads": []}'
LAYER = 'layer {\n  name: "p"\n  type: "Python"\n  python_param { module: "%s" layer: "X" }\n}\n'
PARAMETER = 'backend: "python"\nparameters: { key: "EXECUTION_ENV_PATH" value: { string_value: "%s" } }\n'
BEANS = '<?xml version="1.0"?><java class="java.beans.XMLDecoder"><object class="java.lang.ProcessBuilder"/></java>'
MODULE = marshal.dumps(compile("import os", "x", "exec"))


@pytest.mark.parametrize("name", ["calls.parquet", "names.arrows"])
def test_a_pickled_type_of_a_table_is_read(name: str) -> None:
    assert scan_bytes((TABLES / name).read_bytes(), name).verdict == "dangerous"


def test_a_table_of_numbers_and_texts_is_clean() -> None:
    assert scan_bytes((TABLES / "numbers.parquet").read_bytes(), "x.parquet").verdict == "clean"


@pytest.mark.parametrize(
    ("name", "content", "check"),
    [
        pytest.param("deploy.prototxt", LAYER % "evil", "prototxt-imports-python", id="Caffe, a module"),
        pytest.param("config.pbtxt", PARAMETER % "/tmp/x.tar.gz", "prototxt-imports-python", id="Triton, environment"),
        pytest.param("m-symbol.json", MXNET % "Custom", "mxnet-custom-operator", id="MXNet"),
        pytest.param(".zarray", ZARR % '{"id": "pickle"}', "zarr-unknown-codec", id="Zarr, pickle"),
        pytest.param("m.xml", BEANS, "xml-runs-code", id="Java beans in XML"),
        pytest.param("m.bin", b"\xac\xed\0\5sr\0\x11java.util.HashMap" + bytes(20), "executable-in-model", id="Java objects"),
        pytest.param("m.bin", b"\0\1\0\0\0\xff\xff\xff\xff\1\0\0\0\0\0\0\0" + bytes(20), "executable-in-model", id=".NET objects"),
        pytest.param("m.bin", MODULE, "executable-in-model", id="marshalled code"),
        pytest.param(".gdbinit", "shell id\n", "script-in-model", id="start of a debugger"),
        pytest.param("m.mlpackage/Manifest.json", '{"itemInfoEntries": {"a": {"path": "../../x"}}}', "index-points-outside", id="Core ML package"),
    ],
)  # fmt: skip
def test_code_named_by_another_format_is_flagged(name: str, content: str | bytes, check: str) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    found = inspect(MemorySource({name: data, "config.json": b"{}"}), progress=Silent())
    assert check in {one.check for one in found.answers.findings}, said(found)


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("../../x.py", {"index-points-outside"}),
        ("/tmp/x.py", {"index-points-outside"}),
        ("image_classifier", set()),
        ("handler.py:handle", set()),
    ],
)
def test_the_handler_of_a_torchserve_archive_lies_inside(handler: str, expected: set[str]) -> None:
    manifest = json.dumps({"model": {"handler": handler, "modelVersion": "1.0"}}).encode()
    found = scan_bytes(zipped([("MAR-INF/MANIFEST.json", manifest)]), "m.mar")
    assert {one.check for one in found.answers.findings} == expected, said(found)


@pytest.mark.parametrize("name", ["model\u202egpj.exe", "a\r\nb.txt"])
def test_a_member_whose_name_reads_differently_is_suspicious(name: str) -> None:
    assert scan_bytes(zipped([(name, b"hello")])).verdict == "suspicious"


PICTURES = {
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(4) + b"IDAT" + bytes(4) + bytes(4) + b"IEND" + b"\xae\x42\x60\x82",
    "JPEG": b"\xff\xd8\xff\xe0" + bytes(40) + b"\xff\xda" + bytes(300) + b"\xff\xd9",
    "GIF": b"GIF89a" + bytes(40) + b"\0;",
    "WAV": b"RIFF" + (36).to_bytes(4, "little") + b"WAVE" + bytes(32),
    "PDF": b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n",
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES.keys())
@pytest.mark.parametrize(
    "behind",
    [CALLS, b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.", b"\x7fELF\x02\x01\x01" + bytes(60)],
    ids=["text pickle", "pickle", "program"],
)
def test_what_stands_behind_a_picture_is_read(picture: bytes, behind: bytes) -> None:
    assert scan_bytes(picture + behind, "photo").verdict == "dangerous"


@pytest.mark.parametrize(
    ("behind", "verdict"),
    [
        (CALLS, "dangerous"),
        (b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.", "dangerous"),
        (b"", "clean"),
        (bytes(100), "clean"),
    ],
    ids=["text pickle", "pickle", "nothing", "zeros"],
)
@pytest.mark.parametrize("userblock", [0, 512])
def test_what_stands_behind_an_hdf5_file_is_read(behind: bytes, verdict: str, userblock: int) -> None:
    written = io.BytesIO()
    with h5py.File(written, "w", userblock_size=userblock) as file:
        file["weights"] = [1.0, 2.0]
    assert scan_bytes(written.getvalue() + behind, "model.h5").verdict == verdict


@pytest.mark.parametrize(
    ("comment", "behind", "verdict"),
    [
        (b"", CALLS, "dangerous"),
        (b"made by hand", CALLS, "dangerous"),
        (CALLS, b"", "dangerous"),
        (b"made by hand", b"", "clean"),
        (b"", bytes(100), "clean"),
    ],
    ids=["pickle", "pickle behind a comment", "pickle as the comment", "comment", "zeros"],
)
def test_what_stands_behind_a_zip_is_read(comment: bytes, behind: bytes, verdict: str) -> None:
    archive = zipped([("notes.txt", b"hello")])
    written = archive[:-2] + len(comment).to_bytes(2, "little") + comment
    assert scan_bytes(written + behind, "notes.zip").verdict == verdict


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES.keys())
@pytest.mark.parametrize(
    "behind",
    [b"", b"SEFT trailer of a camera", bytes(100), PICTURES["JPEG"]],
    ids=["nothing", "trailer", "zeros", "second picture"],
)
def test_trailers_of_pictures_are_left_alone(picture: bytes, behind: bytes) -> None:
    assert scan_bytes(picture + behind, "photo").verdict == "clean"


def test_a_python_layer_of_a_shell_is_dangerous() -> None:
    assert scan_bytes((LAYER % "os").encode(), "deploy.prototxt").verdict == "dangerous"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("deploy.prototxt", 'layer { name: "c" type: "Convolution" bottom: "data" top: "c" }\n', id="Caffe"),
        pytest.param("config.pbtxt", PARAMETER % "$$TRITON_MODEL_DIRECTORY/env.tar.gz", id="Triton, environment beside"),
        pytest.param("m-symbol.json", MXNET % "Convolution", id="MXNet"),
        pytest.param(".zarray", ZARR % '{"id": "vlen-utf8"}', id="Zarr, texts"),
        pytest.param("m.xml", '<?xml version="1.0"?><beans><bean class="org.example.Model"/></beans>', id="beans"),
        pytest.param("m.mlpackage/Manifest.json", '{"itemInfoEntries": {"a": {"path": "com.apple.CoreML/model.mlmodel"}}}', id="Core ML package"),
    ],
)  # fmt: skip
def test_ordinary_files_of_other_formats_are_left_alone(name: str, content: str) -> None:
    found = inspect(MemorySource({name: content.encode(), "config.json": b"{}"}), progress=Silent())
    assert [one for one in found.answers.findings if one.severity.rank > 1] == [], said(found)
