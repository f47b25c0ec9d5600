"""The three ways R writes numbers and texts: XDR (big-endian), native (little-endian) and ASCII words.

R's serialize.c: `InInteger`, `InReal`, `InString`, `InWord`. The ASCII form is read strictly: R's own
reader goes by lengths, so a word that is longer than its length would be read as something else.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from ossmodelkit.formats.span import PAGE, Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

WORD = re.compile(rb"\S+")
NUMBER = re.compile(rb"-?\d{1,19}")
CHARACTER = re.compile(rb"\\(?:[0-7]{1,3}|.)|[^\\]", re.DOTALL)
NOT_AVAILABLE = -(1 << 31)
COMPLEX_BYTES = 16
LONGEST_NAME = 256


class Input(ABC):
    """Where numbers and values come from. Mutable by nature."""

    @property
    @abstractmethod
    def at(self) -> int:
        """The offset of the next byte."""

    @abstractmethod
    def number(self) -> int:
        """The next signed 32-bit number."""

    @abstractmethod
    def values(self, count: int, width: int) -> None:
        """Step over that many values of a vector, each `width` bytes in the binary forms."""

    @abstractmethod
    def text(self, length: int) -> str:
        """A text of that many bytes where it is short enough for a name; longer ones are stepped over."""


class Binary(Input):
    """Numbers of four bytes, in the order of `layout`."""

    def __init__(self, span: Span, at: int, layout: str) -> None:
        self.span = span
        self._at = at
        self.layout = layout

    @property
    def at(self) -> int:  # noqa: D102
        return self._at

    def number(self) -> int:  # noqa: D102
        (value,) = self.span.unpack(self.layout, self._at)
        self._at += 4
        return value

    def values(self, count: int, width: int) -> None:  # noqa: D102
        self._skip(count * width)

    def text(self, length: int) -> str:  # noqa: D102
        start = self._at
        self._skip(max(0, length))
        return self.span.take(start, length).decode("latin-1") if 0 < length <= LONGEST_NAME else ""

    def _skip(self, count: int) -> None:
        if self._at + count > self.span.size:
            raise UnreadableError(f"{count} bytes announced at byte {self._at}, more than the file holds")
        self._at += count


class Words(Input):
    """Words with white space between them."""

    def __init__(self, span: Span, at: int, budget: Budget) -> None:
        self.span = span
        self.budget = budget
        self._page = b""
        self._start = at
        self._seen = 0

    @property
    def at(self) -> int:  # noqa: D102
        return self._start + self._seen

    def word(self) -> bytes:
        """The next word."""
        found = WORD.search(self._page, self._seen)
        while (found is None or found.end() == len(self._page)) and self._more():
            found = WORD.search(self._page, self._seen)
        if found is None:
            raise UnreadableError("ends in the middle of an object")
        self._seen = found.end()
        return found.group()

    def _more(self) -> bool:
        self.budget.check_time()
        end = self._start + len(self._page)
        count = min(max(PAGE, len(self._page)), self.span.size - end)
        if count <= 0:
            return False
        self.budget.spend_bytes(len(self._page) - self._seen)
        self._page = self._page[self._seen :] + self.span.take(end, count)
        self._start, self._seen = self._start + self._seen, 0
        return True

    def number(self) -> int:  # noqa: D102
        word = self.word()
        if word == b"NA":
            return NOT_AVAILABLE
        if not NUMBER.fullmatch(word):
            raise UnreadableError(f"no number at byte {self.at}")
        return int(word)

    def values(self, count: int, width: int) -> None:  # noqa: D102
        for _ in range(2 * count if width == COMPLEX_BYTES else count):
            self.word()

    def text(self, length: int) -> str:  # noqa: D102
        if length <= 0:
            return ""
        characters = CHARACTER.findall(self.word())
        if len(characters) != length:
            raise UnreadableError(f"a text of another length than announced at byte {self.at}")
        return b"".join(map(_plain, characters)).decode("latin-1") if length <= LONGEST_NAME else ""


def _plain(character: bytes) -> bytes:
    """The byte that a word writes with a backslash."""
    if character[:1] != b"\\":
        return character
    return bytes([int(character[1:], 8) & 0xFF]) if character[1:].isdigit() else character[1:]
