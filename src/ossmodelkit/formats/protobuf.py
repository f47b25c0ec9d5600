"""Protocol buffers on the wire, walked without a schema and without copying what is skipped.

Wire format: https://protobuf.dev/programming-guides/encoding/. Groups are deprecated since 2008 and
used by none of the formats here, so they end the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
HELD_BYTES = 1 << 20  # messages up to this size are walked in memory


class Message:
    """A stretch of protobuf; iterate over it for its fields."""

    __slots__ = ("_base", "_data", "end", "span", "start")

    def __init__(self, span: Span, start: int, end: int, data: bytes | None = None, base: int = 0) -> None:
        self.span = span
        self.start = start
        self.end = end
        if data is None and end - start <= HELD_BYTES:
            data, base = span.take(start, end - start), start
        self._data = data
        self._base = base

    @property
    def size(self) -> int:
        """In bytes."""
        return self.end - self.start

    def raw(self, limit: int) -> bytes:
        """The bytes themselves, at most `limit`."""
        count = min(self.size, limit)
        if self._data is not None:
            begin = self.start - self._base
            return self._data[begin : begin + count]
        return self.span.take(self.start, count)

    def text(self, limit: int = 4096) -> str:
        """The bytes as text, at most `limit` of them."""
        return self.raw(limit).decode("utf-8", "replace")

    def __iter__(self) -> Iterator[Field]:
        at = self.start
        while at < self.end:
            begin = at
            tag, at = self._varint(at)
            number, wire = tag >> 3, tag & 7
            value = 0
            stop = at
            if wire == VARINT:
                value, stop = self._varint(at)
            elif wire == BYTES:
                length, at = self._varint(at)
                stop = at + length
            elif wire == FIXED64:
                stop = at + 8
            elif wire == FIXED32:
                stop = at + 4
            else:
                raise UnreadableError(f"wire type {wire} at byte {begin}")
            if number == 0 or stop > self.end:
                raise UnreadableError(f"field {number} at byte {begin} does not fit")
            yield Field(number=number, wire=wire, value=value, owner=self, start=at, end=stop)
            at = stop

    def part(self, start: int, end: int) -> Message:
        """A message inside this one."""
        return Message(self.span, start, end, self._data, self._base)

    def _varint(self, at: int) -> tuple[int, int]:
        value = shift = 0
        data = self._data
        while True:
            if at >= self.end:
                raise UnreadableError(f"a number runs over the end at byte {at}")
            byte = data[at - self._base] if data is not None else self.span.take(at, 1)[0]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
            if shift > 63:
                raise UnreadableError(f"a number is longer than ten bytes at byte {at}")


@dataclass(slots=True, kw_only=True)
class Field:
    """One field: number, wire type, and its number or its stretch of bytes."""

    number: int
    wire: int
    value: int
    owner: Message
    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        """The length of the content."""
        return self.end - self.start

    @property
    def message(self) -> Message:
        """The content as a message of its own."""
        return self.owner.part(self.start, self.end)

    @property
    def text(self) -> str:
        """The content as text, at most 4096 bytes."""
        return self.message.text()


def document(blob: Blob) -> Message:
    """The whole blob as one message."""
    return Message(Span(blob), 0, blob.size)


def sketch(message: Message, most: int = 4096) -> dict[int, Field] | None:
    """The first field of each number; None when the bytes are no protobuf.

    Looks at `most` fields; a longer message may still break later.
    """
    found: dict[int, Field] = {}
    try:
        for count, field in enumerate(message):
            found.setdefault(field.number, field)
            if count >= most:
                break
    except UnreadableError:
        return None
    return found


def inside(field: Field | None) -> dict[int, Field]:
    """A sketch of a field's content; empty when it is absent or no message."""
    if field is None or field.wire != BYTES:
        return {}
    return sketch(field.message, 512) or {}


def is_text(field: Field | None) -> bool:
    """Whether a field holds readable text of at least one character."""
    return field is not None and field.wire == BYTES and field.text.isprintable() and field.end > field.start
