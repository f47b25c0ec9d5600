"""What stands behind the end of a picture, sound, document, zip or HDF5 file: nothing shows it, and it may be loaded.

Cameras leave trailers of their own there, so only what begins like a pickle, a program or a script is handed on.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.windows import window
from ossmodelkit.foundation.limits import Budget

LONGEST_SEARCH = 64 << 20
PIECE = 1 << 20
LOADABLE = re.compile(rb"\x80[\x02-\x05][^\x00]|[ci][A-Za-z_][\w.]*\n\w[\w.]*\n|\(S'|\x7fELF|MZ.\x00|#!/", re.DOTALL)


def behind(blob: Blob, kind: str, budget: Budget) -> Iterator[Blob]:
    """The bytes behind the end of a medium, when something could load them."""
    yield from behind_byte(blob, _end_of(blob, kind, budget))


def behind_byte(blob: Blob, end: int) -> Iterator[Blob]:
    """The bytes from `end` on, when something could load them; 0 is an end that is not known."""
    if 0 < end < blob.size and LOADABLE.match(blob.slice(end, 256)):
        at = Place(path=blob.at.path, members=(*blob.at.members, "behind its end"))
        size = blob.size - end
        yield Blob(at=at, stream=window(blob.stream, end, size), size=size, raw=True)


def _end_of(blob: Blob, kind: str, budget: Budget) -> int:
    """Where the format ends, 0 where that cannot be told."""
    if kind == "PNG picture":
        return _png(blob, budget)
    if kind in ("WAV sound", "WebP picture", "AVI video") and blob.head(4) == b"RIFF":
        (size,) = struct.unpack("<I", blob.slice(4, 4))
        return int(8 + size + (size & 1))
    mark = {"JPEG picture": b"\xff\xd9", "GIF picture": b"\0;", "PDF document": b"%%EOF"}.get(kind, b"")
    return _behind_mark(blob, mark, budget) if mark else 0


def _png(blob: Blob, budget: Budget) -> int:
    at = 8
    while at + 12 <= blob.size:
        budget.spend_member()
        length, name = struct.unpack(">I4s", blob.slice(at, 8))
        at += 12 + length
        if name == b"IEND":
            return int(at)
    return 0


def _behind_mark(blob: Blob, mark: bytes, budget: Budget) -> int:
    """Behind the first end mark that something loadable follows: thumbnails and updates have marks of their own."""
    at = 0
    while at < min(blob.size, LONGEST_SEARCH):
        piece = blob.slice(at, PIECE)
        budget.spend_bytes(len(piece))
        found = piece.find(mark)
        while found >= 0:
            end = at + found + len(mark)
            line_end = blob.slice(end, 2)
            end += len(line_end) - len(line_end.lstrip(b"\r\n"))
            if LOADABLE.match(blob.slice(end, 256)):
                return end
            found = piece.find(mark, found + 1)
        at += max(len(piece) - len(mark) + 1, 1)
    return 0
