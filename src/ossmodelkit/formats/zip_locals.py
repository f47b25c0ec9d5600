"""What the headers before the members of a zip say, where the directory is silent or says otherwise.

Whoever reads a zip from front to back (a pipe, a download) goes by these headers alone.
Source: PKWARE APPNOTE 6.3.10, section 4.3.7.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.limits import Budget

LOCAL = b"PK\x03\x04"
HEADER_BYTES = 30
SIZES_FOLLOW = 0x8  # the sizes stand behind the data
IN_EXTRA = 0xFFFFFFFF  # the sizes stand in a zip64 extra field
PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHeader:
    """One header: its name, how the bytes are packed, and where they lie."""

    name: str
    flags: int
    method: int
    crc: int
    stored: int
    size: int
    offset: int

    @property
    def tells_sizes(self) -> bool:
        """Whether the sizes in it count."""
        return not self.flags & SIZES_FOLLOW and IN_EXTRA not in (self.stored, self.size)


def local_header(blob: Blob, at: int) -> LocalHeader | None:
    """The header at `at`, or None where there is none."""
    head = blob.slice(at, HEADER_BYTES) if at >= 0 else b""
    if len(head) < HEADER_BYTES or head[:4] != LOCAL:
        return None
    flags, method = struct.unpack_from("<HH", head, 6)
    crc, stored, size, name_bytes, extra_bytes = struct.unpack_from("<IIIHH", head, 14)
    name = blob.slice(at + HEADER_BYTES, name_bytes)
    return LocalHeader(
        name=name.decode("utf-8" if flags & 0x800 else "cp437", "replace"),
        flags=flags,
        method=method,
        crc=crc,
        stored=stored,
        size=size,
        offset=at + HEADER_BYTES + name_bytes + extra_bytes,
    )


def unlisted(
    blob: Blob, listed: Iterable[tuple[int, int]], end: int, budget: Budget
) -> Iterator[tuple[int, LocalHeader, int]]:
    """Headers before `end` that lie outside of the `listed` stretches: place, header, and where its bytes end."""
    at = 0
    for start, stop in (*sorted(listed), (end, end)):
        while at + HEADER_BYTES < start:
            at = _next(blob, at, start, budget)
            header = local_header(blob, at) if at < start else None
            if header is None:
                at += at < start
                continue
            budget.spend_member()
            known = header.tells_sizes and header.stored
            reach = min(header.offset + header.stored, start) if known else _next(blob, at + 4, start, budget)
            yield at, header, reach
            at = max(reach, at + 4)
        at = max(at, stop)


def _next(blob: Blob, at: int, end: int, budget: Budget) -> int:
    """Where the next header before `end` begins; `end` where none does."""
    while at < end:
        budget.check_time()
        piece = blob.slice(at, min(PIECE, end - at))
        found = piece.find(LOCAL)
        if found >= 0:
            return at + found
        if at + len(piece) >= end or not piece:
            return end
        at += len(piece) - len(LOCAL) + 1
    return end
