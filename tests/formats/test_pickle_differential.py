"""What the real unpicklers import is what our machine says: the loader is the oracle."""

from __future__ import annotations

import io
import pickle
import re
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.pickle_events import Import
from ossmodelkit.formats.pickle_resolve import renamed
from ossmodelkit.formats.pickle_values import Global
from ossmodelkit.formats.pickles import Pickle, study
from ossmodelkit.formats.tape import Tape
from ossmodelkit.foundation.limits import Budget
from tests.making.pickle_attacks import ATTACKS

MOST_PLACES = 100_000


class Thing:
    """Stands for whatever would be imported: can be called, filled, built and made."""

    def __new__(cls, *_: Any, **__: Any) -> Thing:
        return object.__new__(cls)

    def __call__(self, *_: Any, **__: Any) -> Thing:
        return Thing()

    def __setstate__(self, _: Any) -> None: ...
    def __setitem__(self, *_: Any) -> None: ...
    def append(self, _: Any) -> None: ...
    def extend(self, _: Any) -> None: ...
    def add(self, _: Any) -> None: ...


def imports_of(unpickler: type, data: bytes, *, from_file: bool) -> tuple[list[tuple[str, str]], bool]:
    """What an unpickler looks up while it loads `data`, and whether it got to the end."""
    seen: list[tuple[str, str]] = []

    class Inert(unpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            seen.append((module, name))
            return Thing

        def persistent_load(self, _: Any) -> Any:
            return Thing()

        def get_extension(self, _: int) -> Any:
            return Thing

    stream: Any = io.BytesIO(data)
    if not from_file:
        stream = io.BufferedReader(stream, buffer_size=max(len(data), 1) + 1)
    try:
        Inert(stream, encoding="latin-1").load()
    except Exception:
        return seen, False
    return seen, True


def ours(data: bytes) -> tuple[list[tuple[str, str]], Pickle]:
    found = study(Tape(io.BytesIO(data), len(data)), 0, Budget(), at=Place(path="x"))
    names = [event.found for event in found.events if isinstance(event, Import)]
    return [(one.module, one.name) for one in names if isinstance(one, Global)], found


def asks_for_a_huge_memo(data: bytes) -> bool:
    """Python's own unpickler takes 16 bytes for every place of the memo up to the one a PUT names: many gigabytes."""
    binary = any(int.from_bytes(one, "little") > MOST_PLACES for one in re.findall(rb"(?s)(?=r(.{4}))", data))
    return binary or any(int(one) > MOST_PLACES for one in re.findall(rb"p\D?(\d{6,4000})", data.replace(b"_", b"")))


def agree(data: bytes) -> None:
    known, found = ours(data)
    said = {renamed(*one) for one in known}
    for unpickler in (pickle.Unpickler, pickle._Unpickler):
        for from_file in (True, False):
            seen, complete = imports_of(unpickler, data, from_file=from_file)
            assert {renamed(*one) for one in seen} <= said, (seen, known)
            if complete and not found.crossed:
                assert not found.broken or found.broken.startswith("given up"), found.broken


ops = st.sampled_from(
    [
        b"N",
        b"K\x01",
        b"M\x01\x02",
        b"J\x01\x00\x00\x00",
        b"I1\n",
        b"I0x1F\n",
        b"I01\n",
        b"I1\x00x\n",
        b"L5L\n",
        b"L0x5L\n",
        b"F1.5\n",
        b"G" + b"\0" * 8,
        b"S'os'\n",
        b'S"a\\n"\n',
        b"Vsystem\n",
        b"X\x02\0\0\0os",
        b"\x8c\x02os",
        b"\x8c\x06system",
        b"\x8c\x01\xc3",
        b"U\x02os",
        b"T\x02\0\0\0os",
        b"C\x01a",
        b"B\x01\0\0\0a",
        b"\x8a\x01\x05",
        b"\x88",
        b"\x89",
        b")",
        b"]",
        b"}",
        b"\x8f",
        b"(",
        b"(",
        b"t",
        b"l",
        b"d",
        b"\x85",
        b"\x86",
        b"\x87",
        b"a",
        b"e",
        b"s",
        b"u",
        b"\x90",
        b"\x91",
        b"0",
        b"1",
        b"2",
        b"q\x00",
        b"q\x01",
        b"h\x00",
        b"h\x01",
        b"r\x01\0\0\0",
        b"j\x01\0\0\0",
        b"p0\n",
        b"g0\n",
        b"p 1\n",
        b"g+1\n",
        b"g0_1\n",
        b"\x94",
        b"cos\nsystem\n",
        b"ca\nb.c\n",
        b"c__builtin__\neval\n",
        b"\x93",
        b"\x93",
        b"R",
        b"\x81",
        b"\x92",
        b"b",
        b"o",
        b"ios\nsystem\n",
        b"Pid\n",
        b"Q",
        b"\x80\x02",
        b"\x80\x04",
        b"\x95\x04\0\0\0\0\0\0\0",
        b"\x95\x10\0\0\0\0\0\0\0",
        b"\x95\x00\0\0\0\0\0\0\0",
        b".",
        b"\x8d\x02\0\0\0\0\0\0\0os",
        b"\x96\x01\0\0\0\0\0\0\0a",
        b"\x98",
    ]
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(ops, max_size=24).map(b"".join))
@example(b"\x8c\x02os\x8c\x06system\x93.")
@example(b"\x80\x04\x95\x04\0\0\0\0\0\0\0X\x08\0\0\0zzzzcos\nsystem\n...")
def test_every_import_of_a_real_loader_is_seen(data: bytes) -> None:
    assume(not asks_for_a_huge_memo(data))
    agree(data + b".")


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_noise_never_crashes_the_machine(data: bytes) -> None:
    assume(not asks_for_a_huge_memo(data))
    agree(data)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner) | st.frozensets(st.integers())
    ),
    max_leaves=40,
)


@settings(max_examples=300, deadline=None)
@given(plain, st.integers(0, 5))
def test_plain_data_of_every_protocol_reads_to_its_end(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    known, found = ours(data)
    assert (found.end, found.broken) == (len(data), "")
    assert known == [] or protocol < 4


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ATTACKS)), st.data())
def test_a_changed_byte_never_crashes_and_never_hides_an_import(name: str, data: st.DataObject) -> None:
    whole = bytearray(ATTACKS[name][:4000])
    if len(whole) >= 4000:
        return
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    assume(not asks_for_a_huge_memo(bytes(whole)))
    agree(bytes(whole))


@pytest.mark.parametrize("name", [name for name, data in ATTACKS.items() if len(data) < 5000])
def test_attacks_import_what_the_loader_says(name: str) -> None:
    agree(ATTACKS[name])
