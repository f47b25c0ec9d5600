"""The plain values that a pickle writes down, as Python values."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable

from ossmodelkit.formats.pickle_cursor import BrokenStreamError
from ossmodelkit.formats.pickle_values import Value

NUMBER = re.compile(rb"\s*([+-]?)(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*)\s*L?\s*")


def text(argument: bytes) -> str:
    """A text; lone surrogates are kept, anything else that is broken is marked."""
    try:
        return argument.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return argument.decode("utf-8", "backslashreplace")


def _old_text(argument: bytes) -> str:
    """A string of Python 2: torch decodes it as UTF-8, pickle as ASCII unless told otherwise."""
    try:
        return argument.decode("utf-8")
    except UnicodeDecodeError:
        return argument.decode("latin-1")


def _quoted(line: bytes) -> Value:
    line = line.strip()
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[:1] != line[-1:]:
        raise BrokenStreamError("a string without its quotes")
    try:
        return _old_text(codecs.escape_decode(line[1:-1])[0])
    except ValueError as error:
        raise BrokenStreamError("a string with a broken escape") from error


def _raw(line: bytes) -> Value:
    try:
        return line.decode("raw-unicode-escape")
    except UnicodeDecodeError as error:
        raise BrokenStreamError("a string with a broken escape") from error


def _number(line: bytes) -> Value:
    """INT and LONG: any base by prefix, an L may follow, a NUL ends what the C loader reads."""
    if line in (b"00", b"01"):
        return line == b"01"
    found = NUMBER.fullmatch(line.split(b"\0")[0])
    if not found:
        raise BrokenStreamError("a number that is none")
    digits, base = found[2].replace(b"_", b"")[:400], 0
    if digits[:1] == b"0" and digits[1:2].isdigit():
        # C reads a leading zero as base 8, Python as an error or as base 10.
        base = 8 if not digits.translate(None, b"01234567") else 10
    value = int(digits, base)
    return -value if found[1] == b"-" else value


def _float(line: bytes) -> Value:
    try:
        return float(line.split(b"\0")[0])
    except ValueError as error:
        raise BrokenStreamError("a number that is none") from error


CONSTANTS: dict[bytes, Callable[[bytes], Value]] = {
    b"K": lambda raw: raw[0],
    b"M": lambda raw: int.from_bytes(raw, "little"),
    b"J": lambda raw: int.from_bytes(raw, "little", signed=True),
    b"G": lambda raw: struct.unpack(">d", raw)[0],
    b"\x8a": lambda raw: int.from_bytes(raw, "little", signed=True),
    b"\x8b": lambda raw: int.from_bytes(raw, "little", signed=True),
    b"X": text,
    b"\x8c": text,
    b"\x8d": text,
    b"T": _old_text,
    b"U": _old_text,
    b"B": bytes,
    b"C": bytes,
    b"\x8e": bytes,
    b"\x96": bytes,
    b"I": _number,
    b"L": _number,
    b"F": _float,
    b"S": _quoted,
    b"V": _raw,
    b"N": lambda _: None,
    b"\x88": lambda _: True,
    b"\x89": lambda _: False,
    b")": lambda _: (),
}
STRINGS = frozenset({b"X", b"\x8c", b"\x8d", b"T", b"U", b"S", b"V"})
