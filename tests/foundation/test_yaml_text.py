"""YAML of people: plain values, and an error with its line for what would be read two ways or without end."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.yaml_text import LARGEST, NotYamlError, parse_yaml, read_yaml

FOLD = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param("# a word\n", None, id="a comment"),
        pytest.param("a: 1\nb: [x, 2026-01-31]\n", {"a": 1, "b": ["x", date(2026, 1, 31)]}, id="plain"),
        pytest.param("a: &me Ada\nb: *me\n", {"a": "Ada", "b": "Ada"}, id="a word repeated by its alias"),
        pytest.param("\ufeffa: 1\n", {"a": 1}, id="a byte order mark"),
        pytest.param("- {a: 1}\n- {a: 2}\n", [{"a": 1}, {"a": 2}], id="the same key in two tables"),
    ],
)
def test_plain_values_are_read(text: str, value: Any) -> None:
    assert parse_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", "line 3: 'a' stands twice", id="a key twice"),
        pytest.param("x:\n  b: 2\n  'b': 3\n", "line 3: 'b' stands twice", id="twice, quoted once"),
        pytest.param(FOLD, "line 2: *a repeats", id="aliases that unfold"),
        pytest.param("a: &a {b: 1}\nc:\n  <<: *a\n", "repeats", id="a merge"),
        pytest.param("[" * 100_000, "deeper", id="deep lists"),
        pytest.param("{a: " * 5000, "deeper", id="deep tables"),
        pytest.param("#" + "x" * LARGEST, "KiB", id="large"),
        pytest.param("a: 2026-13-01\n", "month", id="a month that is none"),
        pytest.param("a: !!python/object/apply:os.system [x]\n", "constructor", id="a tag that would call"),
        pytest.param("a: [\n", "line 2", id="not closed"),
        pytest.param("a: 1\n---\nb: 2\n", "single document", id="two documents"),
        pytest.param("? [a]\n: b\n", "unhashable", id="a list for a key"),
        pytest.param("a: \0\n", "not allowed", id="a zero byte"),
    ],
)
def test_what_reads_two_ways_or_without_end_is_refused(text: str, says: str) -> None:
    with pytest.raises(NotYamlError) as caught:
        parse_yaml(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_yaml(text)
    except NotYamlError as error:
        assert error.reason


@pytest.mark.parametrize("data", [b"\xff\xfea", b"a: 1\na: 2\n"])
def test_a_file_is_named_in_its_error(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"x\.yaml"):
        read_yaml(path, hint="look")
    with pytest.raises(UsageError, match="nowhere"):
        read_yaml(tmp_path / "nowhere", hint="look")


def test_in_a_growing_file_the_last_block_counts() -> None:
    text = "a: {x: 1}\nb: 2\na: {x: 3}\n"
    assert parse_yaml(text, growing=True) == {"a": {"x": 3}, "b": 2}
    with pytest.raises(NotYamlError, match="twice"):
        parse_yaml("a: {x: 1, x: 2}\n", growing=True)
