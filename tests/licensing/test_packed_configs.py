"""Packed models say their license and parents in a configuration, which is read without the weights."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.licensing import metadata, repository
from tests.licensing.test_reading import Held

CONFIG = (
    b"license: cc-by-nc-4.0\nname: speech\ninit_from_pretrained_model: nvidia/parakeet\nmodel: {pretrained_llm: a/b}\n"
)


def nemo(mode: str = "w", config: bytes = CONFIG, first: int = 0, name: str = "./model_config.yaml") -> bytes:
    """A .nemo archive, written by `tarfile`; `first` bytes of something else stand before the configuration."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for member, data in (("./a_tokenizer", b"x" * first), (name, config), ("./model_weights.ckpt", b"w" * 4096)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def keras(**members: object) -> bytes:
    """A .keras archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, value in members.items():
            archive.writestr(f"{name}.json", json.dumps(value))
        archive.writestr("model.weights.h5", b"w" * 4096)
    return out.getvalue()


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_nemo_archive_names_license_and_parents(mode: str) -> None:
    found = repository.read(Held(**{"m.nemo": nemo(mode, first=100_000)}))
    assert [one.value for one in metadata.licenses(found.told)] == ["cc-by-nc-4.0"]
    assert {parent.ref for parent in found.parents} == {"nvidia/parakeet", "a/b"}
    assert found.problems == ()


def test_a_keras_archive_names_license_and_parents() -> None:
    data = keras(metadata={"keras_version": "3.12.0", "license": "gemma"}, config={"base_model": "google/gemma-2b"})
    found = repository.read(Held(**{"m.keras": data}))
    assert [one.value for one in metadata.licenses(found.told)] == ["gemma"]
    assert {parent.ref for parent in found.parents} == {"google/gemma-2b"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("m.nemo", b"x" * 600, id="no tar"),
        pytest.param("m.nemo", nemo(name="./other.yaml"), id="no configuration"),
        pytest.param("m.nemo", nemo(config=b"[1"), id="broken YAML"),
        pytest.param("m.nemo", nemo(config=b"- a"), id="a list"),
        pytest.param("m.nemo", nemo("w:gz")[:60], id="cut"),
        pytest.param("m.nemo", nemo("w:gz", first=80_000_000), id="much to unpack"),
        pytest.param("m.nemo", nemo(config=b"a" * 5_000_000), id="a huge configuration"),
        pytest.param("m.keras", b"PK\3\4" + b"x" * 600, id="no zip"),
    ],
)
def test_what_cannot_be_read_is_told(name: str, data: bytes) -> None:
    assert metadata.read(Held(**{name: data}))[1]


@settings(max_examples=60)
@given(st.sampled_from(["m.nemo", "m.keras"]), st.binary(max_size=600), st.integers(0, 3000))
def test_any_archive_is_read_or_told(name: str, data: bytes, at: int) -> None:
    good = nemo() if name == "m.nemo" else keras(metadata={"license": "mit"})
    told, problems = metadata.read(Held(**{name: good[:at] + data + good[at + len(data) :]}))
    assert isinstance(told, tuple)
    assert isinstance(problems, tuple)
