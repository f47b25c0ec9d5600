"""How bytes become views: a reader says what it accepts, and yields views, inner blobs and gaps.

Bytes are read as **every** format a loader could take them for, by content and never by name: an
attacker chooses the name. Readers are listed in `formats/readers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

from ossmodelkit.core.finding import Place
from ossmodelkit.foundation.limits import Budget

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes that a loader might be handed: a file, or a member of an archive.

    `stream` is seekable and belongs to whoever made the blob; `size` is in bytes. `name` is the last
    part of the place, for messages and for loaders that do go by the name. `raw` says that the format
    around it keeps plain data here, so nothing is missing when no reader knows what it is.
    """

    at: Place
    stream: BinaryIO
    size: int
    raw: bool = False

    @property
    def name(self) -> str:
        """The file's or member's own name."""
        return (*(self.at.path,), *self.at.members)[-1].rpartition("/")[2]

    def head(self, count: int = HEAD_BYTES) -> bytes:
        """The first bytes, without moving anybody's place for good."""
        return self.slice(0, count)

    def slice(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        self.stream.seek(offset)
        return self.stream.read(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One way to read bytes.

    `accepts` looks at content only and is cheap; `read` yields views, inner `Blob`s and `Gap`s, spends
    from the budget, and raises `UnreadableError` when the bytes turn out to be broken (views yielded
    before that still count). `whole` says that a complete read leaves nothing of the file unseen.
    """

    name: str
    accepts: Callable[[Blob], bool]
    read: Callable[[Blob, Budget], Iterable[object]]
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A view of bytes that are probably something else: worth a look, but no reading of the file."""

    view: object
