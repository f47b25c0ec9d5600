"""Reading a stream by position, with a small page cache: what parsers of large files walk on."""

from __future__ import annotations

import struct

from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.errors import UnreadableError

PAGE = 1 << 16
LOOK = 1 << 12  # after a jump: far away, and over a network, a glance should stay one


class Span:
    """The bytes of a blob by absolute offset; a read beyond the end is refused, never shortened."""

    __slots__ = ("_blob", "_page", "_page_start", "size")

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._page = b""
        self._page_start = 0
        self.size = blob.size

    def take(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes from `offset`.

        Raises `UnreadableError` when they reach beyond the end.
        """
        if offset < 0 or count < 0 or offset + count > self.size:
            raise UnreadableError(f"points at byte {offset + count} of {self.size}", hint="the file is cut or forged")
        begin = offset - self._page_start
        if begin < 0 or begin + count > len(self._page):
            if count > PAGE:
                return self._exact(offset, count)
            goes_on = 0 <= begin <= len(self._page)
            self._page = self._blob.slice(offset, PAGE if goes_on else max(count, LOOK))
            self._page_start, begin = offset, 0
        found = self._page[begin : begin + count]
        if len(found) != count:
            raise UnreadableError(f"ends at byte {offset + len(found)}, {self.size} were announced")
        return found

    def unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        """Whole numbers at `offset`, as `struct` lays them out."""
        return struct.unpack(layout, self.take(offset, struct.calcsize(layout)))

    def _exact(self, offset: int, count: int) -> bytes:
        found = self._blob.slice(offset, count)
        if len(found) != count:
            raise UnreadableError(f"ends at byte {offset + len(found)}, {self.size} were announced")
        return found
