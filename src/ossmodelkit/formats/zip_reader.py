"""Zips, and everything that is one: torch files, .npz, .keras, .mar, packages; also several in a row."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats import tar_archive, torch_zip
from ossmodelkit.formats.expanding import inside
from ossmodelkit.formats.media_ends import behind_byte
from ossmodelkit.formats.pickle_opcodes import PROTOCOLS
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.unpacking import Unpacked, Unpacking
from ossmodelkit.formats.windows import window
from ossmodelkit.formats.zip_archive import (
    END,
    Member,
    ZipArchive,
    accepts,
    begun,
    directory,
    ends_at,
    members_without_directory,
)
from ossmodelkit.formats.zip_locals import LOCAL
from ossmodelkit.foundation.errors import KitError, UnreadableError
from ossmodelkit.foundation.limits import Budget

BEFORE = "before the archive"
CRC_UP_TO = 64 * 1024 * 1024


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """Every zip in the blob from the last to the first, and what lies around them."""
    end = blob.size
    while end > 0:
        try:
            archive = directory(blob, end, budget)
        except UnreadableError:
            if blob.head(4) == LOCAL:
                yield from _without_directory(blob, end, budget)
            if end == blob.size:
                if blob.head(4) in (LOCAL, END):
                    raise
                return
            yield inside(blob, BEFORE, window(blob.stream, 0, end), end)
            return
        yield archive
        for over in ends_at(blob, end) if end == blob.size else ():
            yield from behind_byte(blob, over)
        yield Unpacking(at=blob.at, entries=tuple(_unpacked(archive)))
        yield from read_members(archive, blob, budget)
        end = archive.start if archive.start < end else 0
        if blob.head(2) in PROTOCOLS or tar_archive.accepts(blob):
            # A pickle or tar with an archive in it, or before one: its reader starts at the same byte and goes on.
            return
        if end and not _ends_with_zip(blob, end):
            yield inside(blob, BEFORE, window(blob.stream, 0, end), end)
            return


def _without_directory(blob: Blob, end: int, budget: Budget) -> Iterator[object]:
    """What a loader finds that reads from the front and needs no directory."""
    members = tuple(members_without_directory(blob, (), end, budget))
    archive = ZipArchive(at=blob.at, start=0, end=end, members=members)
    for member in members:
        yield from _read_member(member, archive, blob, budget, raw=True)


def _unpacked(archive: ZipArchive) -> Iterator[Unpacked]:
    for member in archive.members:
        yield Unpacked(name=member.name, link=member.link)
        if member.local_name not in ("", member.name):
            yield Unpacked(name=member.local_name)


def read_members(archive: ZipArchive, blob: Blob, budget: Budget) -> Iterator[object]:
    """Everything in the archive that a loader would look into."""
    layout = torch_zip.recognize(archive)
    skipped: set[str] = set()
    if layout:
        skipped = yield from torch_zip.read_objects(layout, archive, blob, budget)
    for member in archive.members:
        if (member.name.endswith("/") and member.size == 0) or member.name in skipped:
            continue
        yield from _read_member(member, archive, blob, budget, raw=bool(layout and layout.keeps_raw(member.name)))


def _read_member(
    member: Member, archive: ZipArchive, blob: Blob, budget: Budget, *, raw: bool = False
) -> Iterator[object]:
    if member.is_link:
        return
    if member.elsewhere:
        yield Gap(
            at=archive.place(member),
            reason="lies in another part of a split archive",
            remedy="put the parts together, for example with zip -s 0 m.zip --out whole.zip",
        )
        return
    if member.size == 0 and member.stored == 0:
        return
    try:
        stream, size, broken = begun(blob, member, budget)
    except KitError as error:
        reason = "is protected by a password" if member.encrypted else error.message
        yield Gap(at=archive.place(member), reason=reason, remedy=error.hint)
        return
    if broken:
        yield Gap(at=archive.place(member), reason="is protected by a password" if member.encrypted else broken)
    with stream:
        inner = inside(blob, member.name, stream, size)
        if member.encrypted and not _is_really_plain(member, inner):
            yield Gap(at=inner.at, reason="is protected by a password", remedy="ask for an archive without one")
            return
        yield Blob(at=inner.at, stream=stream, size=size, raw=raw)


def _is_really_plain(member: Member, inner: Blob) -> bool:
    """Whether the bytes match their CRC although the flag says that they are encrypted."""
    return inner.size <= CRC_UP_TO and zlib.crc32(inner.slice(0, inner.size)) == member.crc


def _ends_with_zip(blob: Blob, end: int) -> bool:
    tail = min(end, 65_557)
    return END in blob.slice(end - tail, tail)


READER = Reader(name="zip", accepts=accepts, read=read)
