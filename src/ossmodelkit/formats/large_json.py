"""JSON too large to hold: read through a window, part by part.

A vocabulary of a hundred megabytes becomes ten times that in memory. What matters in it are objects, so
runs of plain values are stepped over with one regular expression, whatever fits into the window is parsed
and handed out, and only containers larger than the window are walked into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any

from ossmodelkit.formats.templates import FIELDS
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import MIB, Budget

WINDOW = MIB  # characters
# A container in which nothing closes for so long is probably larger than the window: parsing a megabyte
# to learn that costs more than walking into it.
PROBE = 4096
NEAR = 128 * 1024
CLOSERS = {"{": "}", "[": "]"}
DEEPEST = 64  # containers that are each larger than the window
MOST_KEPT = 10_000
LONGEST_KEPT = 4096
# Fields that say what an object is: they are kept, however many others stand around them.
TELLING = FIELDS | {
    "class_name", "config", "module", "registered_name", "name", "__class__", "__module__", "__loader__", "_target_"
}  # fmt: skip
STRING = r'"(?:[^"\\]++|\\.)*+"'
SCALAR = rf"(?:{STRING}|-?[\d.eE+-]++|true|false|null|NaN|-?Infinity)"
FLAT = rf"(?:{SCALAR}|\[(?:\s*+{SCALAR}\s*+,?+)*+\s*+\])"
LIST_RUN = re.compile(rf"(?:\s*+{FLAT}\s*+,)++", re.DOTALL)
# A vocabulary: a number under every name. Whole numbers say nothing of what an object is.
COUNT_RUN = re.compile(rf"(?:\s*+{STRING}\s*+:\s*+-?(?:0|[1-9][0-9]*+)\s*+,)++", re.DOTALL)
PAIR_RUN = re.compile(rf"(?:\s*+{STRING}\s*+:\s*+{FLAT}\s*+,)++", re.DOTALL)
STRING_REST = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
SPACE = re.compile(r"\s*+")
LARGE = object()


def parts(pieces: Iterator[str], budget: Budget) -> Iterator[Any]:
    """Every object or list that fits into the window, and larger ones by what they keep.

    Raises `UnreadableError` where it stops being JSON; what came before has been handed out.
    """
    window = _Window(pieces, budget)
    yield from _value(window, 0)
    if window.next():
        raise UnreadableError("no valid JSON: something follows the document")


class _Window:
    """A stretch of the text, moved on as it is used up. Mutable by nature."""

    def __init__(self, pieces: Iterator[str], budget: Budget) -> None:
        self.pieces = pieces
        self.budget = budget
        self.text = ""
        self.at = 0
        self.over = False
        self.decoder = json.JSONDecoder()

    def fill(self) -> None:
        """See to it that a whole window lies ahead, or all that is left."""
        if self.over or len(self.text) - self.at >= WINDOW:
            return
        self.budget.check_time()
        ahead = [self.text[self.at :]]
        count = len(ahead[0])
        while count < 2 * WINDOW:
            piece = next(self.pieces, None)
            if piece is None:
                self.over = True
                break
            ahead.append(piece)
            count += len(piece)
        self.text, self.at = "".join(ahead), 0

    def next(self) -> str:
        """The next character that is no white space, which stays where it is; empty at the end."""
        while True:
            self.fill()
            found = SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text) or self.over:
                return self.text[self.at : self.at + 1]

    def decode(self) -> Any:
        """The value that begins here; `LARGE` where it is better walked into, as it hardly ends within the window."""
        self.fill()
        closer = CLOSERS.get(self.text[self.at : self.at + 1])
        if closer and len(self.text) - self.at > NEAR and self.text.find(closer, self.at, self.at + PROBE) < 0:
            return self._decode_near()
        try:
            value, end = self.decoder.raw_decode(self.text, self.at)
        except RecursionError as error:
            raise UnreadableError("JSON is nested too deeply") from error
        except ValueError as error:
            if self.over or self.text[self.at : self.at + 1] not in ("{", "[", '"'):
                raise UnreadableError(f"no valid JSON: {str(error)[:120]}") from error
            return LARGE
        self.at = end
        return value

    def _decode_near(self) -> Any:
        try:
            value, count = self.decoder.raw_decode(self.text[self.at : self.at + NEAR])
        except ValueError:
            return LARGE
        except RecursionError as error:
            raise UnreadableError("JSON is nested too deeply") from error
        self.at += count
        return value

    def pass_string(self) -> None:
        """Step over a text longer than the window."""
        self.at += 1
        while True:
            found = STRING_REST.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.text[self.at : self.at + 1] == '"':
                self.at += 1
                return
            if self.over:
                raise UnreadableError("no valid JSON: a text without an end")
            self.fill()

    def take_run(self, run: re.Pattern[str]) -> str:
        """The plain members that stand here in a row, each with its comma."""
        self.fill()
        found = run.match(self.text, self.at)
        if not found:
            return ""
        self.at = found.end()
        return found.group()


def _value(window: _Window, depth: int) -> Generator[Any, None, Any]:
    """Hand out the parts of one value; gives back what is kept of it."""
    opener = window.next()
    if not opener:
        raise UnreadableError("no valid JSON: the text ends too soon")
    value = window.decode()
    if value is not LARGE:
        if isinstance(value, (dict, list)):
            yield value
            return value if len(value) < LONGEST_KEPT and depth else None
        return value
    if opener == '"':
        window.pass_string()
        return None
    if depth > DEEPEST:
        raise UnreadableError("JSON is nested too deeply")
    window.at += 1
    if opener == "[":
        yield from _list(window, depth)
        return None
    return (yield from _object(window, depth))


def _list(window: _Window, depth: int) -> Iterator[Any]:
    """The parts of a list: plain members hold no object and are stepped over."""
    while window.next() != "]":
        if not window.take_run(LIST_RUN):
            yield from _value(window, depth + 1)
            _comma(window, "]")
    window.at += 1


def _object(window: _Window, depth: int) -> Generator[Any, None, dict[str, Any]]:
    """The parts of an object, and at its end what was kept of it."""
    kept: dict[str, Any] = {}
    while window.next() != "}":
        if window.take_run(COUNT_RUN):
            continue
        if run := window.take_run(PAIR_RUN):
            found = _parse_run(run)
            yield found
            _keep(kept, found)
            continue
        key = window.decode()
        if key is LARGE and window.next() == '"':
            window.pass_string()
            key = ""
        if not isinstance(key, str) or window.next() != ":":
            raise UnreadableError("no valid JSON: an object without a name for its member")
        window.at += 1
        value = yield from _value(window, depth + 1)
        if isinstance(value, str) and len(value) > LONGEST_KEPT:
            yield {key: value}
        _keep(kept, {key: value})
        _comma(window, "}")
    window.at += 1
    yield kept
    return kept


def _parse_run(run: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads("{" + run.rstrip()[:-1] + "}")
    except ValueError as error:
        raise UnreadableError(f"no valid JSON: {str(error)[:120]}") from error
    return found


def _keep(kept: dict[str, Any], found: dict[str, Any]) -> None:
    for key, value in found.items():
        short = not isinstance(value, str) or len(value) <= LONGEST_KEPT
        if key in TELLING or (short and len(kept) < MOST_KEPT):
            kept[key] = value


def _comma(window: _Window, closer: str) -> None:
    found = window.next()
    if found == ",":
        window.at += 1
    elif found != closer:
        raise UnreadableError("no valid JSON: a comma is missing")
