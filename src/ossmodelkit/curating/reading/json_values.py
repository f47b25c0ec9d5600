"""One JSON array, or JSON objects one after another over several lines, read in a window.

The window grows until the value in front is complete, so memory is bounded by the largest row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ossmodelkit.curating.reading.encoding import Line
from ossmodelkit.curating.reading.json_lines import DECODER, broken
from ossmodelkit.curating.row import Flaw, Row

GAP = re.compile(r"[ \t\r\n]*")
# How far from the end of the window an error may lie and still mean "there is more to come".
NEAR_THE_END = 12


class _Window:
    """The text not read yet, and the line its first character stands on."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.lines = lines
        self.text = ""
        self.at = 0
        self.line = 1
        self.flawed: list[Row] = []
        self.ended = False

    def grow(self) -> bool:
        """Take in as much again as is held; False at the end of the file."""
        wanted = max(64 * 1024, len(self.text) - self.at)
        taken: list[str] = []
        while wanted > 0 and not self.ended:
            line = next(self.lines, None)
            self.ended = line is None
            if line is not None:
                taken.append(line.text)
                wanted -= len(line.text) + 1
                if line.flaws:
                    self.flawed.append(Row(line.number, None, 0, line.flaws))
        self.text = self.text[self.at :] + "".join(taken)
        self.at = 0
        return bool(taken)

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


def rows(lines: Iterator[Line], limit: int) -> Iterator[Row]:
    """The elements of an array, or the objects of a series; reading stops at the first that is broken."""
    window = _Window(lines)
    in_array = window.skip() == "["
    if in_array:
        window.move(window.at + 1)
    first = True
    while mark := window.skip():
        if in_array:
            if mark == "]":
                window.move(window.at + 1)
                yield from _after_the_array(window)
                return
            if not first:
                if mark != ",":
                    yield _stop(window, "',' or ']' is missing")
                    return
                window.move(window.at + 1)
                window.skip()
        first = False
        row = _value(window, limit)
        yield from window.take_flawed()
        yield row
        if row.value is None and row.flaws:
            return
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
