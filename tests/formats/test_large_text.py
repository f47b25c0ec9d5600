"""Texts that are too large to hold are judged in pieces, with what matters in them found all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.formats import large_json, strict_json, text
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget
from tests.making.blobs import flagged, scan
from tests.making.memory import said, scan_bytes

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
NAMES = st.sampled_from(["class_name", "config", "a", "_target_", 'q"\\', "ü"]) | st.text(max_size=5)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=60
)


def pieces(document: str, size: int) -> Iterator[str]:
    return (document[at : at + size] for at in range(0, len(document), size))


def telling(values: list[Any]) -> set[tuple[str, str]]:
    """What objects say about themselves, by field and text."""
    return {
        (key, item[key])
        for value in values
        for _, item in strict_json.objects(value)
        for key in large_json.TELLING & item.keys()
        if isinstance(item[key], str)
    }


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is large: the bounds are a hundred times smaller."""
    monkeypatch.setattr(text, "HELD", 40_000)
    monkeypatch.setattr(text, "HELD_AS_A_WHOLE", 80_000)
    monkeypatch.setattr(large_json, "WINDOW", 10_000)


@given(VALUES, st.integers(1, 40), st.sampled_from([None, 1]))
@settings(max_examples=60)
def test_parts_tell_what_the_whole_tells(value: Any, size: int, indent: int | None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_json, "WINDOW", 64)
        document = json.dumps(value, indent=indent)
        found = list(large_json.parts(pieces(document, size), Budget()))
    assert telling(found) == telling([value])


def test_a_long_text_at_the_end_of_a_large_object_is_told() -> None:
    prompt = "{{ x.__class__ }}" * 600
    document = json.dumps({"vocab": {f"word{n}": n for n in range(200_000)}, "system_prompt": prompt})
    assert {"system_prompt": prompt} in list(large_json.parts(pieces(document, 1 << 20), Budget()))


@given(st.text(alphabet='{}[]",:\\ab1 ', max_size=60), st.integers(1, 20))
@settings(max_examples=60)
def test_what_is_no_json_is_refused(document: str, size: int) -> None:
    try:
        json.loads(document)
        valid = True
    except ValueError:
        valid = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_json, "WINDOW", 64)
        try:
            list(large_json.parts(pieces(document, size), Budget()))
        except UnreadableError:
            assert not valid


@pytest.mark.usefixtures("small")
def test_deep_nesting_is_refused() -> None:
    with pytest.raises(UnreadableError, match="nested"):
        list(large_json.parts(pieces("[" * 20_000 + "{}" + "]" * 20_000, 500), Budget()))


PADDING = {f"word{number}": number for number in range(4000)}
TEMPLATE = "{{ ''.__class__.__mro__[1].__subclasses__() }}"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "document"),
    [
        pytest.param(
            "tokenizer_config.json", {**PADDING, "chat_template": TEMPLATE}, id="template behind a vocabulary"
        ),
        pytest.param("x.json", [{**PADDING}, {"chat_template": TEMPLATE}], id="template in a list of large objects"),
        pytest.param("config.json", {**PADDING, "inner": {"_target_": "os.system"}}, id="import target"),
        pytest.param(
            "model.json",
            {"class_name": "Lambda", **PADDING, "config": {"function": ["4wEAAAA=", None, None]}},
            id="Keras layer, its parts far from each other",
        ),
    ],
)
def test_what_acts_is_found_in_large_documents(name: str, document: Any) -> None:
    data = json.dumps(document).encode()
    assert len(data) > text.HELD
    found = scan_bytes(data, name)
    assert [one for one in found.answers.findings if one.severity.rank >= 2], said(found)


@pytest.mark.usefixtures("small")
def test_large_ordinary_texts_are_clean(tmp_path: Path) -> None:
    row = {"text": "some words of a conversation " * 10, "n": 1}
    count = text.HELD // len(json.dumps(row)) + 100
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for _ in range(count)))
    (tmp_path / "data.json").write_text(json.dumps([row] * count))
    (tmp_path / "data.csv").write_text("a,b,c\n" + "word,other,1.5\n" * (text.HELD // 14))
    merges = [["a\\u", '"b'], ["c", "é"]] * 2000
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": PADDING, "merges": merges}}))
    (tmp_path / "m.pmml").write_text("<PMML>" + '<Node id="1" score="2"/>\n' * (text.HELD // 20) + "</PMML>")
    image = {"cell_type": "code", "source": ["plot()\n"], "outputs": [{"data": {"image/png": "iVBORw0" * 9000}}]}
    (tmp_path / "notes.ipynb").write_text(json.dumps({"cells": [image], "nbformat": 4}))
    found = scan(tmp_path)
    assert found.verdict == "clean", said(found)


@pytest.mark.usefixtures("small")
def test_entities_of_large_documents_are_found(tmp_path: Path) -> None:
    entity = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    (tmp_path / "m.xml").write_text(f"<?xml version='1.0'?>{entity}<a>" + "<b/>" * (text.HELD // 4) + "</a>")
    assert flagged(tmp_path)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["a.yaml", "a.py", "a.jinja"])
def test_what_must_be_judged_as_a_whole_is_incomplete_when_too_large(name: str) -> None:
    found = scan_bytes(b"key: value\n" * (text.HELD_AS_A_WHOLE // 10), name)
    assert found.verdict == "incomplete"


@pytest.mark.usefixtures("small")
def test_a_tag_in_a_large_text_is_incomplete() -> None:
    data = b"a: b\n" * (text.HELD // 4) + b"c: !!python/object/apply:os.system [id]\n"
    assert scan_bytes(data, "settings").verdict == "incomplete"


def test_yaml_of_brackets_without_end_is_incomplete_at_once() -> None:
    found = scan_bytes(b"a: " + b"[" * 200_000, "config.yaml")
    assert found.verdict == "incomplete"
    assert "levels deep" in said(found)
