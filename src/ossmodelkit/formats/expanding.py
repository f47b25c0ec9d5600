"""Compressed bytes become a stream that can be read anywhere, within a budget.

Small contents stay in memory, larger ones go to a temporary file, and more than the budget allows is
refused: what an archive claims about its sizes is never believed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.limits import Budget

IN_MEMORY = 16 * 1024 * 1024
PIECE = 256 * 1024


def spool(pieces: Iterable[bytes], budget: Budget) -> tuple[BinaryIO, int]:
    """A seekable stream of all pieces, and its size. Spends every byte."""
    target = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - lives as long as its reader
    size = 0
    for piece in pieces:
        budget.spend_bytes(len(piece))
        budget.check_time()
        target.write(piece)
        size += len(piece)
    target.seek(0)
    return cast(BinaryIO, target), size


def pieces_of(blob: Blob, start: int = 0) -> Iterator[bytes]:
    """The bytes of a blob from `start`, a piece at a time."""
    at = start
    while piece := blob.slice(at, PIECE):
        yield piece
        at += len(piece)


def inside(blob: Blob, name: str, stream: BinaryIO, size: int) -> Blob:
    """A blob for something found in another one."""
    from ossmodelkit.core.finding import Place

    return Blob(at=Place(path=blob.at.path, members=(*blob.at.members, name)), stream=stream, size=size)
