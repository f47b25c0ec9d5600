"""R's serialized objects in all their forms: promises found, byte code walked, hostile lengths refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.formats import rdata
from ossmodelkit.formats.rdata import RData
from tests.making.blobs import blob, survives, views

Body = list[int | bytes]
NULL, UNBOUND, GLOBAL = 254, 252, 253


def symbol(name: bytes) -> Body:
    return [1, 0x40009, len(name), name]


def xdr(body: Body, order: str = ">", letter: bytes = b"X") -> bytes:
    head: Body = [3, 0x040300, 0x030500, 5, b"UTF-8"]
    parts = [one if isinstance(one, bytes) else struct.pack(f"{order}i", one) for one in (*head, *body)]
    return letter + b"\n" + b"".join(parts)


def native(body: Body) -> bytes:
    return xdr(body, "<", b"B")


def ascii_words(body: Body) -> bytes:
    head: Body = [3, 0x040300, 0x030500, 5, b"UTF-8"]
    words = [one if isinstance(one, bytes) else b"%d" % one for one in (*head, *body)]
    return b"A\n" + b"\n".join(one.replace(b" ", rb"\040") for one in words) + b"\n"


FORMS = {"XDR": xdr, "native": native, "ASCII": ascii_words}
CALL_SYSTEM = [6, *symbol(b"system"), 2, 16, 1, 0x40009, 2, b"id", NULL]


def environment(value: Body) -> Body:
    """An environment that binds `x` to a value."""
    return [4, 0, NULL, 0x402, *symbol(b"x"), *value, NULL, NULL, NULL]


def code_of(constants: list[Body]) -> Body:
    """Byte code of three instructions, with constants."""
    return [21, 1, 13, 3, 12, 16, 1, len(constants), *[part for one in constants for part in one]]


CLEAN: dict[str, Body] = {
    "a promise with a value": [5, NULL, *symbol(b"x")],
    "byte code": code_of([[6, 6, *[0], *symbol(b"log"), 254, 0, NULL]][:0]),
    "byte code with an expression": code_of([[6, NULL, 0, *symbol(b"log"), 0, NULL]]),
    "byte code with a constant": code_of([[13, 13, 1, 5]]),
    "byte code in byte code": code_of([[21, 13, 1, 7, 0]]),
    "byte code that refers back": code_of([[244, 0, 6, NULL, 0, *symbol(b"f"), 0, NULL], [243, 0]]),
    "a lazy argument that is kept": environment([5, UNBOUND, 6, *symbol(b"log"), 2, *symbol(b"y"), NULL]),
    "a lazy argument that was used": environment([5, NULL, *CALL_SYSTEM]),
    "a builtin": [8, 3, b"sum"],
    "a text with spaces": [16, 1, 0x40009, 3, b"a b"],
}
EVIL: dict[str, Body] = {
    "a promise": [5, UNBOUND, *symbol(b"x")],
    "a promise in a list": [19, 1, 5, UNBOUND, *symbol(b"x")],
    "a promise among the constants of byte code": code_of([[5, 5, UNBOUND, *symbol(b"x")]]),
    "a promise in an attribute": [0x20D, 1, 7, 0x402, *symbol(b"names"), 5, UNBOUND, *symbol(b"x"), NULL],
    "a lazy argument that starts a program": environment([5, UNBOUND, *CALL_SYSTEM]),
    "a lazy argument in byte code": environment([5, UNBOUND, *code_of([[6, NULL, 0, *symbol(b"system"), 0, NULL]])]),
    "a name that stood before": [19, 2, *symbol(b"eval"), *environment([5, UNBOUND, 6, (1 << 8) | 255, NULL])],
}  # fmt: skip


def promises(data: bytes) -> list[int]:
    found = views(rdata.READER, data)
    assert found, "not read"
    return [offset for view in found if isinstance(view, RData) for offset in view.promises]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CLEAN)
def test_leaves_ordinary_objects_alone(name: str, form: str) -> None:
    assert promises(FORMS[form](CLEAN[name])) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", EVIL)
def test_finds_promises(name: str, form: str) -> None:
    assert len(promises(FORMS[form](EVIL[name]))) == 1


CLOSURE: Body = [0x403, GLOBAL, NULL, *CALL_SYSTEM]
QUALIFIED: Body = [
    6,
    6,
    *symbol(b"::"),
    2,
    *symbol(b"base"),
    2,
    *symbol(b"system"),
    NULL,
    2,
    16,
    1,
    0x40009,
    2,
    b"id",
    NULL,
]
CALLS: dict[str, tuple[Body, list[str]]] = {
    "a closure": (CLOSURE, ["system"]),
    "a function with its package": (QUALIFIED, ["::", "base", "system"]),
    "byte code": (code_of([[6, NULL, 0, *symbol(b"system"), 0, NULL]]), ["system"]),
    "an argument": ([6, *symbol(b"log"), 2, *symbol(b"system"), NULL], ["log"]),
    "a hook of a workspace": ([0x402, *symbol(b".First"), *CLOSURE, NULL], [".First", "system"]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CALLS)
def test_finds_what_functions_call(name: str, form: str) -> None:
    body, expected = CALLS[name]
    (found,) = (view for view in views(rdata.READER, FORMS[form](body)) if isinstance(view, RData))
    assert [called for called, _ in found.calls] == expected


@pytest.mark.parametrize("mark", rdata.WORKSPACES)
def test_reads_workspaces(mark: bytes) -> None:
    assert len(promises(mark + xdr(EVIL["a promise"]))) == 1


def test_a_word_longer_than_its_length_is_refused() -> None:
    """R would read the rest of the word as the next number."""
    from ossmodelkit.foundation.errors import UnreadableError
    from ossmodelkit.foundation.limits import Budget

    data = ascii_words([16, 1, 0x40009, 2, b"abc"])
    with pytest.raises(UnreadableError, match="another length"):
        list(rdata.READER.read(blob(data), Budget()))


@given(st.sampled_from(sorted(FORMS)), st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=12))
def test_survives_any_numbers(form: str, body: list[int]) -> None:
    survives(rdata.READER, FORMS[form](list(body)))


@given(st.sampled_from(sorted(EVIL)), st.integers(0, 400), st.binary(max_size=8))
def test_survives_damage(name: str, at: int, other: bytes) -> None:
    data = xdr(EVIL[name])
    survives(rdata.READER, data[:at] + other + data[at + len(other) :])
