"""A file far away that can be read like one at hand, and of which only what is read is fetched."""

from __future__ import annotations

import errno
import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, BinaryIO

from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import MIB
from ossmodelkit.sources.ranges import Piece

BLOCK = 16 * 1024
FIRST = 64 * 1024  # most headers fit, so a format is known after one request
MOST_AT_ONCE = 4 * MIB
KEPT = 64 * MIB

Fetch = Callable[[int, int], Piece]


class Blocks:
    """The blocks read last, of all files of a source; safe between threads."""

    def __init__(self, most_bytes: int = KEPT) -> None:
        self._most = most_bytes
        self._held = 0
        self._blocks: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Blocks, (self._most,)

    def get(self, name: str, index: int) -> bytes | None:
        """The block `index` of `name`, where it is still held."""
        with self._lock:
            block = self._blocks.get((name, index))
            if block is not None:
                self._blocks.move_to_end((name, index))
            return block

    def put(self, name: str, piece: Piece) -> None:
        """Keep a piece that begins at a block; the oldest blocks make room."""
        with self._lock:
            for start in range(0, len(piece.data), BLOCK):
                key = name, (piece.offset + start) // BLOCK
                self._held -= len(self._blocks.pop(key, b""))
                self._blocks[key] = piece.data[start : start + BLOCK]
                self._held += len(self._blocks[key])
            while self._held > self._most and self._blocks:
                self._held -= len(self._blocks.popitem(last=False)[1])


class RemoteFile(io.RawIOBase):
    """Seekable bytes over `fetch`; who reads on from where the last request ended is given ever more at once."""

    def __init__(self, fetch: Fetch, *, name: str, size: int, blocks: Blocks) -> None:
        self._fetch = fetch
        self._name = name
        self._size = size
        self._blocks = blocks
        self._position = 0
        self._expected = -1
        self._window = BLOCK

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The offset that is read next."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere; nothing is fetched by it."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise OSError(errno.EINVAL, "seek before the start")  # as a local file does
        self._position = origin + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """As many bytes as are at hand or come with one request."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._position)
        done = 0
        while done < wanted:
            index, within = divmod(self._position, BLOCK)
            block = self._blocks.get(self._name, index)
            if block is None and done:
                break
            if block is None:
                block = self._load(index, within + (wanted if wanted > BLOCK else 1))
            part = block[within : within + wanted - done]
            if not part:
                raise UnreadableError(f"{self._name} ended early", hint="start again")
            view[done : done + len(part)] = part
            done += len(part)
            self._position += len(part)
        return done

    def _load(self, index: int, needed: int) -> bytes:
        """Fetch the block and what is needed behind it, and hand out the block."""
        start = index * BLOCK
        self._window = min(self._window * 2, MOST_AT_ONCE) if start == self._expected else BLOCK if start else FIRST
        count = min(max(needed, self._window), MOST_AT_ONCE)
        count = min(-(-count // BLOCK) * BLOCK, self._size - start)
        piece = self._fetch(start, count)
        self._blocks.put(self._name, piece)
        self._expected = start + count
        return piece.data[start - piece.offset :][:BLOCK]


def open_remote(fetch: Fetch, *, name: str, size: int, blocks: Blocks) -> BinaryIO:
    """A buffered stream over a remote file."""
    return io.BufferedReader(RemoteFile(fetch, name=name, size=size, blocks=blocks), BLOCK)
