"""Readers of a stranger's bytes end in an answer: cards, configs, recipes, headers."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.artifact import Entry, Inventory
from ossmodelkit.core.lineage import Relation
from ossmodelkit.licensing import card, metadata, parents, repository
from ossmodelkit.licensing.reading import decode


class Held:
    """Files in memory, as a source."""

    def __init__(self, **files: bytes) -> None:
        self.files = {name.replace("__", "."): data for name, data in files.items()}
        self.ref = "held/model"
        entries = tuple(Entry(name=name, size=len(data)) for name, data in sorted(self.files.items()))
        self.inventory = Inventory(ref=self.ref, entries=entries)

    def open(self, name: str) -> io.BytesIO:
        """One file."""
        return io.BytesIO(self.files[name])


@given(st.text(max_size=2000))
def test_any_card_is_read(text: str) -> None:
    found = card.parse(f"---\n{text}\n---\n# x")
    assert isinstance(found.license, tuple)


@given(st.binary(max_size=600))
def test_any_bytes_are_text_or_a_problem(data: bytes) -> None:
    read = decode("LICENSE", data)
    assert read.problem or isinstance(read.text, str)


@given(st.binary(max_size=400), st.sampled_from(["m__gguf", "m__safetensors"]))
def test_any_weights_are_read_or_told(data: bytes, name: str) -> None:
    start = b"GGUF\x03\0\0\0" if name == "m__gguf" else len(data).to_bytes(8, "little")
    told, problems = metadata.read(Held(**{name: start + data}))
    assert isinstance(told, tuple)
    assert isinstance(problems, tuple)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3), max_leaves=8
    )
)
def test_any_config_is_read(value: object) -> None:
    config = json.dumps({"_name_or_path": value, "architectures": value}).encode()
    assert repository.read(Held(config__json=config)).name == "model"


@pytest.mark.parametrize(
    ("front", "license_ids", "bases"),
    [
        pytest.param("license: mit\nbase_model: a/b", ("mit",), ("a/b",), id="plain"),
        pytest.param(
            "license: [mit, apache-2.0]\nbase_model:\n- a/b\n- c/d", ("mit", "apache-2.0"), ("a/b", "c/d"), id="lists"
        ),
        pytest.param("license: 1.0\nbase_model: {name: a/b}", ("1.0",), ("a/b",), id="odd types"),
        pytest.param("license: null", (), (), id="null"),
        pytest.param("a: &x [1]\nlicense: *x", ("1",), (), id="an alias"),
    ],
)
def test_front_matter(front: str, license_ids: tuple[str, ...], bases: tuple[str, ...]) -> None:
    found = card.parse(f"---\n{front}\n---\n")
    assert (found.license, found.base_models) == (license_ids, bases)


@pytest.mark.parametrize(
    "front",
    [
        pytest.param("license: [mit", id="an open list"),
        pytest.param("!!python/object/apply:os.system ['true']", id="a tag that would run"),
        pytest.param("- a", id="a list"),
        pytest.param("x: " + "[" * 100_000, id="deep enough to break a recursive composer"),
        pytest.param("a: &a [x]\nb: [" + "*a, " * 500 + "]", id="many aliases"),
        pytest.param("x: y\n" * 40_000, id="huge"),
    ],
)
def test_broken_front_matter_is_a_problem(front: str) -> None:
    assert card.parse(f"---\n{front}\n---\n").problem


@pytest.mark.parametrize(
    ("ref", "names"),
    [
        ("meta-llama/Llama-2-7b", True), ("org/model@main", True), ("gpt2", True), ("/srv/me/model", False),
        ("./out", False), ("results/checkpoint-500", False), ("outputs/run", False),
        ("C:\\models\\x", False), ("", False),
    ],
)  # fmt: skip
def test_local_paths_name_nobody(ref: str, names: bool) -> None:
    assert parents.names_a_model(ref) is names


def test_every_place_that_names_a_parent_is_read() -> None:
    held = Held(
        README__md=b"---\nlicense: mit\nbase_model: a/card\ndatasets: [d/data]\n---\n",
        adapter_config__json=b'{"base_model_name_or_path": "a/adapter"}',
        config__json=b'{"_name_or_path": "a/config"}',
        mergekit_config__yml=b"slices:\n- sources:\n  - model: a/slice+a/lora\nbase_model: a/merge\n",
        Modelfile=b"FROM a/from\nADAPTER a/modelfile\n",
    )
    found = {parent.ref: parent.relation for parent in repository.read(held).parents}
    assert set(found) == {
        "a/card", "d/data", "a/adapter", "a/config", "a/slice", "a/lora", "a/merge", "a/from", "a/modelfile"
    }  # fmt: skip
    assert found["d/data"] is Relation.DATASET
    assert found["a/merge"] is Relation.MERGE


def test_onnx_metadata_is_read() -> None:
    def field(number: int, data: bytes) -> bytes:
        return bytes((number << 3 | 2, len(data))) + data

    entry = field(1, b"license") + field(2, b"cc-by-nc-4.0")
    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    model = b"\x08\x08" + field(7, field(1, node) + field(2, b"g")) + field(14, entry)
    told, problems = metadata.read(Held(m__onnx=model))
    assert [(one.key, one.value) for one in told] == [("license", "cc-by-nc-4.0")], problems
