"""Bytes by their offset, with one window of them in memory.

A file is read piece by piece and never mapped: a mapped file that shrinks while it is read kills
the process, and a scan must outlive what it looks at.
"""

from __future__ import annotations

from typing import BinaryIO

WINDOW = 4 * 1024 * 1024
FIRST = 64 * 1024


class Tape:
    """`size` bytes of a stream; `window` holds those from `base` on. Mutable by nature."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.size = size
        self.base = 0
        self.window = b""

    def show(self, at: int, count: int = 1) -> int:
        """Bring `count` bytes from `at` into the window, as far as there are any; the index of `at` in it."""
        if not (self.base <= at and min(at + count, self.size) <= self.base + len(self.window)):
            self.stream.seek(at)
            self.window = self.stream.read(max(count, FIRST if at == 0 else WINDOW))
            self.base = at
            if len(self.window) < min(count, self.size - at):
                self.size = at + len(self.window)
        return at - self.base

    def read(self, at: int, count: int) -> bytes:
        """Up to `count` bytes from `at`; large ones do not move the window."""
        if count > WINDOW:
            self.stream.seek(at)
            return self.stream.read(min(count, max(self.size - at, 0)))
        start = self.show(at, count)
        return self.window[start : start + min(count, max(self.size - at, 0))]

    def find(self, wanted: bytes, at: int, end: int) -> int:
        """The offset of the first `wanted` (one byte) in `at`..`end`, or -1."""
        while at < end:
            start = self.show(at)
            if start >= len(self.window):
                return -1
            found = self.window.find(wanted, start, min(len(self.window), end - self.base))
            if found >= 0:
                return self.base + found
            at = self.base + len(self.window)
        return -1
