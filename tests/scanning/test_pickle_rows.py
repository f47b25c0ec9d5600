"""Several pickles in one file: whoever loads the second one runs it, whatever the first one looks like."""

from __future__ import annotations

import pickle

import pytest

from tests.making.memory import said, scan_bytes

CALLS = b"cos\nsystem\n(S'id'\ntR."
NEW_STYLE = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R."
HARMLESS = [None, 1, 1.5, "abc", [], {}, (1, 2), {"weights": [1.0, 2.0]}, True]


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
@pytest.mark.parametrize("value", HARMLESS, ids=repr)
@pytest.mark.parametrize("attack", [CALLS, NEW_STYLE], ids=["as text", "protocol 2"])
def test_a_call_behind_a_harmless_pickle_is_dangerous(value: object, protocol: int, attack: bytes) -> None:
    first = pickle.dumps(value, protocol)
    for data in (first + attack, first * 3 + attack):
        found = scan_bytes(data)
        assert found.verdict == "dangerous", said(found)


@pytest.mark.parametrize("name", ["notes.txt", "config.json", "README.md"])
def test_its_name_hides_nothing(name: str) -> None:
    assert scan_bytes(b"I1\n." + CALLS, name).verdict == "dangerous"


def test_an_unknown_function_behind_a_harmless_pickle_is_suspicious() -> None:
    assert scan_bytes(b"I1\n." + CALLS.replace(b"os\nsystem", b"vendor\nrun")).verdict == "suspicious"


@pytest.mark.parametrize(
    "text",
    [
        "N. Bourbaki\n",
        "N.B. see below.\n",
        "].\n",
        "I1\n.\nabc\n",
        "N.N.N.N.\n",
        "S'a'\n.\ncopyright (c) 2024\ncopying\n",
    ],
)
def test_texts_that_begin_like_a_pickle_are_left_alone(text: str) -> None:
    found = scan_bytes(text.encode(), "notes.txt")
    assert found.verdict == "clean", said(found)
