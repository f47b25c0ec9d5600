"""The opcodes of pickle as the *loaders* read them, and how far each reaches.

`pickletools` is stricter than the loaders in some places and laxer in others, and each difference
is a place to hide. Here an argument is only as strict as is needed to find where it ends.
Source: CPython `Modules/_pickle.c` and `Lib/pickle.py`, 3.11 to 3.13.
"""

from __future__ import annotations

import re
from functools import cache

# Arguments of a fixed number of bytes.
FIXED = {
    b"\x80": 1,  # PROTO
    b"\x95": 8,  # FRAME
    b"K": 1,  # BININT1
    b"M": 2,  # BININT2
    b"J": 4,  # BININT
    b"G": 8,  # BINFLOAT
    b"q": 1,  # BINPUT
    b"r": 4,  # LONG_BINPUT
    b"h": 1,  # BINGET
    b"j": 4,  # LONG_BINGET
    b"\x82": 1,  # EXT1
    b"\x83": 2,  # EXT2
    b"\x84": 4,  # EXT4
}
# Arguments whose length is written before them: bytes of the length field.
COUNTED = {
    b"X": 4,  # BINUNICODE
    b"\x8c": 1,  # SHORT_BINUNICODE
    b"\x8d": 8,  # BINUNICODE8
    b"T": 4,  # BINSTRING, signed
    b"U": 1,  # SHORT_BINSTRING
    b"B": 4,  # BINBYTES
    b"C": 1,  # SHORT_BINBYTES
    b"\x8e": 8,  # BINBYTES8
    b"\x96": 8,  # BYTEARRAY8
    b"\x8a": 1,  # LONG1
    b"\x8b": 4,  # LONG4, signed
}
SIGNED = frozenset({b"T", b"\x8b"})
# Arguments that end with a line break, and how many there are.
LINES = {b"I": 1, b"L": 1, b"F": 1, b"S": 1, b"V": 1, b"P": 1, b"g": 1, b"p": 1, b"c": 2, b"i": 2}
BARE = frozenset(
    bytes([code]) for code in b"(.012NQRabdlo}set])u\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98"
)
KNOWN = BARE | FIXED.keys() | COUNTED.keys() | LINES.keys()

# Opcodes that name code or an object outside the stream. Without one of these a stream can only
# build numbers, strings and containers, and nothing there can be called.
OUTSIDE = frozenset({b"c", b"i", b"\x93", b"P", b"Q", b"\x82", b"\x83", b"\x84"})

# In file mode the C loader copies these payloads piece by piece; everything else that crosses the
# end of a frame is read from *behind* the frame (CPython issue 154848).
COPIED = frozenset({b"B", b"C", b"\x8e", b"\x96"})

PROTO, FRAME, STOP, MARK = b"\x80", b"\x95", b".", b"("
NEWEST_PROTOCOL = 5
PROTOCOLS = frozenset(bytes([0x80, number]) for number in range(NEWEST_PROTOCOL + 1))
SHORT_PAYLOAD = 128
BATCH_PAYLOAD = 40


def _quoted(text: bytes) -> bytes:
    return b"".join(b"\\x%02x" % code for code in text)


def _counted(code: bytes, zeros: int, longest: int) -> bytes:
    """A pattern for an opcode with a payload shorter than `longest`, tried shortest first."""
    lengths = (_quoted(bytes([n]) + bytes(zeros)) + (b".{%d}" % n if n else b"") for n in range(longest))
    return _quoted(code) + b"(?:" + b"|".join(lengths) + b")"


def _pushes(longest: int = SHORT_PAYLOAD) -> list[bytes]:
    """Patterns of the opcodes that push a plain value or remember one."""
    return [
        _counted(b"\x8c", 0, longest),
        b"K.",
        b"\\x94",
        b"[qh].",
        _counted(b"X", 3, longest),
        b"M.{2}",
        b"[Jrj].{4}",
        b"G.{8}",
        b"[" + _quoted(b")N]}\x85\x86\x87\x88\x89\x8f") + b"]",
        _counted(b"C", 0, longest),
        _counted(b"U", 0, longest),
        _counted(b"\x8a", 0, longest),
        b"[ISVFLgp][^\\n]*+\\n",
    ]


@cache
def inert() -> re.Pattern[bytes]:
    """A run of opcodes that cannot name code. Possessive, so it never backtracks.

    Calls and BUILD belong here too: in a stream that names nothing there is nothing to call.
    """
    simple = b"[" + _quoted(b"(tlde0u1a2sRbo\x81\x92\x90\x91\x97\x98") + b"]"
    return re.compile(b"(?:" + b"|".join([*_pushes(), simple]) + b")*+", re.DOTALL)


@cache
def batch() -> re.Pattern[bytes]:
    """From a MARK to the opcode that takes everything above it, holding plain values only.

    Its whole effect is one container filled or made, so a large one is passed over at once. Inside,
    only containers made on the spot are filled: what a GET brings back may be anything. Nested
    once; deeper ones are walked opcode by opcode.
    """
    pushes = _pushes(BATCH_PAYLOAD)
    memo = b"(?:\\x94|q.|r.{4}|p[^\\n]*+\\n)?+"
    one = (
        b"(?:[)N\\x88\\x89]|K.|M..|J.{4}|G.{8}|[ISVFL][^\\n]*+\\n|" + _counted(b"\x8c", 0, BATCH_PAYLOAD) + b")" + memo
    )
    frame = b"\\x95.{8}"
    inner = b"(?:" + b"|".join([*pushes, frame]) + b")*+"
    several = b"\\(" + inner
    fresh = b"\\]" + memo + b"(?:" + several + b"e|" + one + b"a)?+"
    keyed = b"[}\\x8f]" + memo + b"(?:" + several + b"[u\\x90])?+"
    made = several + b"[tld\\x91]"
    inner = b"(?:" + b"|".join([fresh, keyed, made, *pushes, frame]) + b")*+"
    return re.compile(b"\\(" + inner + b"[" + _quoted(b"tldeu\x90\x91") + b"]", re.DOTALL)


@cache
def memo_steps() -> re.Pattern[bytes]:
    """What a batch remembers: group 1 is the opcode that made a value, group 2 all that remember it."""
    put = b"(?:\\x94|q.|r.{4}|p[^\\n]*+\\n)"
    plain = [
        one for one in _pushes(BATCH_PAYLOAD) if one not in (b"\\x94", b"[qh].", b"[Jrj].{4}", b"[ISVFLgp][^\\n]*+\\n")
    ]
    gets = [b"h.", b"[Jj].{4}", b"[ISVFLg][^\\n]*+\\n"]
    other = [b"[" + _quoted(b"(tldeuas\x90\x91") + b"]", b"\\x95.{8}"]
    step = b"(?:" + b"|".join([*plain, *gets, *other]) + b")"
    remembered = b"(" + step + b")((?:" + put + b")++)"
    return re.compile(b"(?:" + step + b"(?![\\x94qrp]))*+(?:" + remembered + b"|\\Z)", re.DOTALL)


@cache
def puts() -> re.Pattern[bytes]:
    """One opcode after another that remembers the value on top."""
    return re.compile(b"\\x94|q.|r.{4}|p[^\\n]*+\\n", re.DOTALL)
