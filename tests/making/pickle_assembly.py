"""Pickles put together by hand, opcode by opcode."""

from __future__ import annotations

import struct

STOP = b"."


def named(module: str, name: str) -> bytes:
    """GLOBAL, as in protocol 0 to 3."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def text(value: str) -> bytes:
    """SHORT_BINUNICODE or BINUNICODE."""
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw if len(raw) < 256 else b"X" + struct.pack("<I", len(raw)) + raw


def stacked(module: str, name: str) -> bytes:
    """STACK_GLOBAL, as in protocol 4 and 5."""
    return text(module) + text(name) + b"\x93"


def args(*values: bytes) -> bytes:
    """A tuple of pushed values."""
    return b"(" + b"".join(values) + b"t"


def called(function: bytes, *values: bytes) -> bytes:
    """A function, its arguments and REDUCE."""
    return function + args(*values) + b"R"


def framed(body: bytes, protocol: int = 4) -> bytes:
    """PROTO, one FRAME around everything, STOP."""
    inside = body + STOP
    return b"\x80" + bytes([protocol]) + b"\x95" + struct.pack("<Q", len(inside)) + inside


def old(body: bytes) -> bytes:
    """Protocol 2 around a body."""
    return b"\x80\x02" + body + STOP


ID = text("id")
