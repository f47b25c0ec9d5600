"""One JSON array, or JSON objects one after another over several lines, read in a window.

The window grows until the value in front is complete, so memory is bounded by the largest row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ossmodelkit.curating.reading.encoding import Piece
from ossmodelkit.curating.reading.json_lines import DECODER, broken
from ossmodelkit.curating.row import Flaw, Row

GAP = re.compile(r"[ \t\r\n]*")
# How far from the end of the window an error may lie and still mean "there is more to come".
NEAR_THE_END = 12


class _Window:
    """The text not read yet, and the line its first character stands on."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self.pieces = pieces
        self.text = ""
        self.at = 0
        self.line = 1
        self.flawed: list[Row] = []
        self.ended = False

    def grow(self) -> bool:
        """Take in as much again as is held; False at the end of the file."""
        held = [self.text[self.at :]]
        wanted = max(1, len(held[0]))
        while wanted > 0 and not self.ended:
            piece = next(self.pieces, None)
            self.ended = piece is None
            if piece is not None:
                held.append(piece.text)
                self.flawed += [Row(line, None, 0, (flaw,)) for line, flaw in piece.flawed]
                wanted -= len(piece.text)
        self.text, self.at = "".join(held), 0
        return len(held) > 1

    def take_flawed(self) -> list[Row]:
        """The physical lines taken in since the last call that had something wrong with them."""
        taken, self.flawed = self.flawed, []
        return taken

    def move(self, to: int) -> None:
        """Go on to `to`, counting the lines passed."""
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def skip(self) -> str:
        """Pass white space; the character in front then, or "" at the end."""
        while True:
            self.move(GAP.match(self.text, self.at).end())  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.grow():
                return ""


def rows(pieces: Iterator[Piece], limit: int) -> Iterator[Row]:
    """The elements of an array, or the objects of a series; reading stops at the first that is broken."""
    window = _Window(pieces)
    in_array = window.skip() == "["
    if in_array:
        window.move(window.at + 1)
    index = -1
    while mark := window.skip():
        if in_array:
            if mark == "]":
                window.move(window.at + 1)
                yield from _after_the_array(window)
                return
            if index >= 0:
                if mark != ",":
                    yield _stop(window, "',' or ']' is missing")
                    return
                window.move(window.at + 1)
                window.skip()
        index += 1
        row = _value(window, limit)
        if in_array:
            row = row._replace(element=index)
        yield from window.take_flawed()
        yield row
        if row.value is None and row.flaws:
            return
    yield from window.take_flawed()
    if in_array:
        yield _stop(window, "']' is missing at the end")


def _after_the_array(window: _Window) -> Iterator[Row]:
    if window.skip():
        yield _stop(window, "there is text behind the array")


def _value(window: _Window, limit: int) -> Row:
    while True:
        try:
            value, end = DECODER.raw_decode(window.text, window.at)
            if end < len(window.text) or window.ended:
                break
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated") or error.pos >= len(window.text) - NEAR_THE_END
            if not cut or window.ended:
                return _stop(window, f"{error.msg} {error.pos - window.at} characters into the value")
        except (ValueError, RecursionError) as error:
            return Row(window.line, None, 0, (broken(error), _unread()))
        if len(window.text) - window.at > limit:
            return Row(
                window.line, None, limit, (Flaw("data-row-too-large", f"more than {limit} characters"), _unread())
            )
        window.grow()
    line, size = window.line, end - window.at
    window.move(end)
    return Row(line, value, size)


def _stop(window: _Window, why: str) -> Row:
    return Row(window.line, None, 0, (Flaw("data-broken-json", why), _unread()))


def _unread() -> Flaw:
    return Flaw("", "nothing behind this line could be read")
