"""From bytes to lines of text, whatever the encoding; a line that does not keep to it is named.

UTF-8 is the only encoding that trainers expect. A byte-order mark or the pattern of zero bytes tells
UTF-16 and UTF-32 (Unicode Standard 16.0, section 2.6, table 2-4). Lines end at a line feed only, so
numbers agree with `sed -n 12p`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ossmodelkit.curating.row import Flaw

CHUNK = 256 * 1024
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FALLBACK = "cp1252"
ESCAPED = re.compile("[\udc80-\udcff]")
REPLACED = re.compile("\ufffd")


class Line(NamedTuple):
    """One physical line: its number, its text with the ending, its size in bytes, and what was wrong."""

    number: int
    text: str
    size: int
    flaws: tuple[Flaw, ...] = ()


def detect(start: bytes) -> str:
    """The name of the encoding that the first bytes speak of; "utf-8" where nothing says otherwise."""
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    even, odd = start[0:400:2], start[1:400:2]
    if len(odd) >= 4 and b"\0" not in (even, odd):
        if odd.count(0) > 0.6 * len(odd) and even.count(0) == 0:
            return "utf-16-le"
        if even.count(0) > 0.6 * len(even) and odd.count(0) == 0:
            return "utf-16-be"
    return "utf-8"


def lines(stream: BinaryIO, encoding: str, limit: int) -> Iterator[Line]:
    """Every line of `stream`; one longer than `limit` bytes comes without text, its rest is skipped."""
    if encoding in ("utf-8", "utf-8-sig"):
        return _from_utf8(stream, limit)
    return _from_wide(stream, encoding, limit)


def _from_utf8(stream: BinaryIO, limit: int) -> Iterator[Line]:
    number = 0
    while raw := stream.readline(limit + 1):
        number += 1
        size = len(raw)
        if size > limit:
            size += _skip_line(stream, raw)
            yield Line(number, "", size, (_too_large(size, limit),))
            continue
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            yield Line(number, raw.decode(), size)
        except UnicodeDecodeError as error:
            yield Line(number, raw.decode(FALLBACK, "replace"), size, (_mixed(raw, error),))


class Piece(NamedTuple):
    """Some text, not cut at lines, and the lines in it that were not in the encoding of the file."""

    text: str
    flawed: tuple[tuple[int, Flaw], ...] = ()


def pieces(stream: BinaryIO, encoding: str) -> Iterator[Piece]:
    """All of `stream`, a quarter of a megabyte at a time: a whole array may stand on one line."""
    narrow = encoding.startswith("utf-8")
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape" if narrow else "replace")
    undecoded = ESCAPED if narrow else REPLACED
    line, ended = 1, False
    while not ended:
        raw = stream.read(CHUNK)
        ended = not raw
        text = decoder.decode(raw, final=ended)
        flawed: dict[int, Flaw] = {}
        for match in undecoded.finditer(text):
            flawed.setdefault(line + text.count("\n", 0, match.start()), _undecoded(match[0]))
        line += text.count("\n")
        yield Piece(ESCAPED.sub(_guessed, text) if flawed else text, tuple(flawed.items()))


def _undecoded(char: str) -> Flaw:
    if char == "\ufffd":
        return Flaw("data-mixed-encoding", "units that are no character")
    return Flaw("data-mixed-encoding", f"byte 0x{ord(char) - 0xDC00:02x}, {_guess(char)!r} in Windows-1252")


def _guessed(match: re.Match[str]) -> str:
    return _guess(match[0])


def _guess(char: str) -> str:
    """The character that Windows-1252 has for a byte that `surrogateescape` let through."""
    return bytes([ord(char) - 0xDC00]).decode(FALLBACK, "replace")


def _skip_line(stream: BinaryIO, raw: bytes) -> int:
    skipped = 0
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(CHUNK)
        skipped += len(raw)
    return skipped


def _from_wide(stream: BinaryIO, encoding: str, limit: int) -> Iterator[Line]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    number, held, skipping = 0, "", 0
    while True:
        raw = stream.read(CHUNK)
        held += decoder.decode(raw, final=not raw)
        *whole, held = held.split("\n")
        for text in whole:
            number += 1
            yield _wide_line(number, text + "\n", skipping, limit)
            skipping = 0
        if skipping or len(held) * 2 > limit:
            skipping += len(held) * 2
            held = ""
        if not raw:
            if held or skipping:
                yield _wide_line(number + 1, held, skipping, limit)
            return


def _wide_line(number: int, text: str, skipped: int, limit: int) -> Line:
    size = skipped + 2 * len(text)
    if skipped or size > limit:
        return Line(number, "", size, (_too_large(size, limit),))
    if "\ufffd" in text:
        return Line(number, text, size, (Flaw("data-mixed-encoding", "units that are no character"),))
    return Line(number, text, size)


def _too_large(size: int, limit: int) -> Flaw:
    return Flaw("data-row-too-large", f"{size} bytes, {limit} are allowed")


def _mixed(raw: bytes, error: UnicodeDecodeError) -> Flaw:
    column = len(raw[: error.start].decode("utf-8", "replace")) + 1
    guess = raw[error.start : error.start + 1].decode(FALLBACK, "replace")
    return Flaw("data-mixed-encoding", f"byte 0x{raw[error.start]:02x} in column {column}, {guess!r} in Windows-1252")
