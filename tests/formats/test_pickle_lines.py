"""Lines of a pickle that go on for megabytes: those that no loader accepts end the search, the others are read."""

from __future__ import annotations

import pickle
from io import BytesIO

import pytest

from ossmodelkit.formats.pickle_cursor import LONG_LINE, BrokenStreamError, Cursor
from ossmodelkit.formats.tape import Tape

FILLER = b"1" * (LONG_LINE + 9)


def step(data: bytes) -> int:
    """How far the first opcode and its lines reach."""
    cursor = Cursor(Tape(BytesIO(data), len(data)), 0)
    cursor.step()
    return cursor.at


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"S'" + FILLER + b"'\n.", id="a string"),
        pytest.param(b"V" + FILLER + b"\0\n.", id="a text with a NUL"),
        pytest.param(b"F0." + FILLER + b"\n.", id="a number"),
        pytest.param(b"I01\0" + b"x" * LONG_LINE * 2 + b"\n.", id="a number that a NUL ends for the C loader"),
    ],
)
def test_long_lines_that_a_loader_accepts_are_read_to_their_end(data: bytes) -> None:
    pickle.loads(data)
    assert step(data) == len(data) - 1


def test_a_long_dotted_name_is_read_to_its_end() -> None:
    data = b"cos\n" + b"path.os." * LONG_LINE + b"system\n."
    assert step(data) == len(data) - 1


@pytest.mark.parametrize("code", [b"p", b"g", b"I", b"L", b"F", b"S", b"P", b"c", b"i"])
def test_long_lines_that_no_loader_accepts_end_the_stream(code: bytes) -> None:
    data = code + bytes([31, 0, 0, 0, 0, 0, 0]) + b'{"a":1}' + bytes(LONG_LINE) + b"\nsystem\n."
    with pytest.raises((pickle.UnpicklingError, ValueError, ImportError, KeyError)):
        pickle.loads(b"N" + data)
    with pytest.raises(BrokenStreamError):
        step(data)
