"""A part of a stream, as a stream of its own; nothing is copied."""

from __future__ import annotations

import io
from typing import BinaryIO, cast


class _Part(io.RawIOBase):
    """Bytes `offset`..`offset + size` of another seekable stream, which is left open."""

    def __init__(self, stream: BinaryIO, offset: int, size: int) -> None:
        self._stream = stream
        self._offset = offset
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._at, 0)
        count = left if size is None or size < 0 else min(size, left)
        self._stream.seek(self._offset + self._at)
        data = self._stream.read(count)
        self._at += len(data)
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def window(stream: BinaryIO, offset: int, size: int) -> BinaryIO:
    """A seekable view of `size` bytes from `offset`."""
    return cast(BinaryIO, _Part(stream, offset, size))
