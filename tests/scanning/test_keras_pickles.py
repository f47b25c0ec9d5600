"""Pickled Keras objects: an archive in memory that a method of the class loads, scanned as the archive it is."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import pytest

from ossmodelkit.scanning.verdict import Word
from tests.making.memory import said, scan_bytes
from tests.making.pickle_assembly import args, called, framed, stacked, text

SEQUENTIAL = stacked("keras.src.models.sequential", "Sequential")
DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 2}, "registered_name": None}
CODE = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}
LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l", "function": CODE}}


def archive(layer: dict[str, object]) -> bytes:
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [layer]}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as files:
        files.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        files.writestr("config.json", json.dumps(config))
    return out.getvalue()


def raw(data: bytes) -> bytes:
    """BINBYTES."""
    return b"B" + struct.pack("<I", len(data)) + data


def stream(state: bytes, made_with: bytes = b")") -> bytes:
    """A BytesIO that is handed its bytes the way it writes them itself."""
    return stacked("_io", "BytesIO") + made_with + b"\x81" + state + b"b"


def keras(data: bytes, cls: bytes = SEQUENTIAL, method: str = "_unpickle_model") -> bytes:
    return framed(called(called(stacked("builtins", "getattr"), cls, text(method)), data))


CLEAN, EVIL = raw(archive(DENSE)), raw(archive(LAMBDA))
AT_START = b"K\0N\x87"


@pytest.mark.parametrize("cls", ["models.functional:Functional", "layers.core.dense:Dense", "optimizers.adam:Adam"])
def test_pickled_keras_objects_are_clean(cls: str) -> None:
    found = scan_bytes(keras(stream(CLEAN + AT_START), stacked(*f"keras.src.{cls}".split(":"))))
    assert found.verdict is Word.CLEAN, said(found)


@pytest.mark.parametrize("module", ["keras.saving.pickle_utils", "tf_keras.src.saving.pickle_utils"])
def test_models_of_older_keras_are_clean_and_read(module: str) -> None:
    load = stacked(module, "deserialize_model_from_bytecode")
    assert scan_bytes(framed(called(load, CLEAN))).verdict is Word.CLEAN
    assert scan_bytes(framed(called(load, EVIL))).verdict is Word.DANGEROUS


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(keras(stream(EVIL + AT_START)), id="a Lambda layer in the archive"),
        pytest.param(keras(stream(EVIL + AT_START, args(CLEAN))), id="the state replaces the bytes it was made with"),
        pytest.param(keras(stream(CLEAN + b"K\0}" + text("read") + text("x") + b"s\x87")), id="attributes set as well"),
        pytest.param(keras(stream(called(stacked("os", "urandom"), b"K\1") + AT_START)), id="bytes from elsewhere"),
        pytest.param(keras(text("/tmp/model.keras")), id="a path"),
        pytest.param(keras(stream(CLEAN + AT_START), method="from_config"), id="another method"),
        pytest.param(keras(stream(CLEAN + AT_START), stacked("evil.models", "Sequential")), id="another class"),
    ],
)
def test_what_looks_like_a_keras_pickle_is_flagged(data: bytes) -> None:
    found = scan_bytes(data)
    assert found.verdict in (Word.SUSPICIOUS, Word.DANGEROUS), said(found)


def test_bytes_that_no_loader_gets_are_data() -> None:
    found = scan_bytes(framed(stream(raw(b"cos\nsystem\n.") + AT_START)))
    assert found.verdict is Word.CLEAN, said(found)
