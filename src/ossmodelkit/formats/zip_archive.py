"""A zip: its directory, what stands before each member, and where each member's bytes lie.

Loaders disagree about zips. Python goes by the directory and checks names and CRCs; torch goes by the
directory and checks neither; streaming loaders go by the local headers. All three are looked at.
Source: PKWARE APPNOTE 6.3.10.
"""

from __future__ import annotations

import bz2
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from ossmodelkit.core.finding import Place
from ossmodelkit.formats import optional_codecs
from ossmodelkit.formats.expanding import PIECE, spool
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.windows import window
from ossmodelkit.formats.zip_locals import HEADER_BYTES, LOCAL, LocalHeader, local_header, unlisted
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

END = b"PK\x05\x06"
END_BYTES = 22
LONGEST_COMMENT = 65_535
ENCRYPTED = 0x1
# Methods that need a package: 20 is the number that zstd had first.
MAKERS = {9: optional_codecs.deflate64, 20: optional_codecs.zstd, 93: optional_codecs.zstd}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One line of the directory, with what its local header says.

    `offset` and `stored` bound the member's bytes in the file; `size` is what they claim to expand to.
    `local_name` is empty where there is no local header; `disagrees` says what else that header has
    different. A member that is not `listed` has a header and no line in the directory;
    one that lies `elsewhere` is in another part of an archive that was split.
    """

    name: str
    method: int
    flags: int
    crc: int
    offset: int
    stored: int
    size: int
    local_name: str
    header_at: int
    mode: int = 0
    link: str = ""
    disagrees: str = ""
    listed: bool = True
    elsewhere: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether the flag for a password is set; loaders that ignore flags read on."""
        return bool(self.flags & ENCRYPTED)

    @property
    def is_link(self) -> bool:
        """Whether unpacking would make a symbolic link."""
        return stat.S_ISLNK(self.mode)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZipArchive:
    """The directory of one zip; it begins at `start` of the blob and ends at `end`."""

    at: Place
    start: int
    end: int
    members: tuple[Member, ...]

    def place(self, member: Member) -> Place:
        """Where a member is."""
        return Place(path=self.at.path, members=(*self.at.members, member.name))


def accepts(blob: Blob) -> bool:
    """A local header at the start, or the end of a directory near the end."""
    if blob.head(4) in (LOCAL, END):
        return True
    tail = min(blob.size, END_BYTES + LONGEST_COMMENT)
    return END in blob.slice(blob.size - tail, tail)


def directory(blob: Blob, end: int, budget: Budget) -> ZipArchive:
    """The last zip that ends before `end` of the blob.

    Raises `UnreadableError` where there is none.
    """
    stream = window(blob.stream, 0, end)
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
            starts = archive.start_dir
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, OverflowError, UnicodeError) as error:
        raise UnreadableError(f"broken zip directory: {error}") from error
    members = []
    part = _part(blob, end)
    for info in infos:
        budget.spend_member()
        one = _member(blob, info, end)
        members.append(replace(one, elsewhere=True) if not one.local_name and info.volume < part else one)
    start = max(min((one.header_at for one in members), default=starts), 0)
    listed = tuple(members)
    hidden = members_without_directory(blob, (_stretch(0, start), *listed), max(starts, start), budget)
    return ZipArchive(at=blob.at, start=start, end=end, members=(*listed, *hidden))


def _part(blob: Blob, end: int) -> int:
    """The number of this file among the parts of a split archive; 0 where it is the only one."""
    _, record = _end_record(blob, end)
    return int.from_bytes(record[4:6], "little")


def ends_at(blob: Blob, end: int) -> tuple[int, ...]:
    """Where the last zip before `end` is over: without its comment, and with one; nothing where there is no zip."""
    at, record = _end_record(blob, end)
    comment = int.from_bytes(record[20:22], "little")
    return tuple(sorted({at + END_BYTES, at + END_BYTES + comment})) if record else ()


def _end_record(blob: Blob, end: int) -> tuple[int, bytes]:
    """Place and bytes of the last end record before `end`; 0 and nothing where there is none."""
    begin = max(end - END_BYTES - LONGEST_COMMENT, 0)
    tail = blob.slice(begin, END_BYTES + LONGEST_COMMENT)[: end - begin]
    at = tail.rfind(END)
    return (begin + at, tail[at : at + END_BYTES]) if at >= 0 else (0, b"")


def _stretch(start: int, end: int) -> Member:
    """Bytes that are no matter of this archive."""
    return Member(
        name="", method=0, flags=0, crc=0, offset=start, stored=end - start, size=0, local_name="x", header_at=start
    )


def _member(blob: Blob, info: zipfile.ZipInfo, end: int) -> Member:
    at = info.header_offset
    header = local_header(blob, at) if at < end else None
    offset = header.offset if header else max(at, 0) + HEADER_BYTES
    mode = info.external_attr >> 16
    stored = max(min(info.compress_size, end - offset), 0)
    return Member(
        name=info.orig_filename,
        method=info.compress_type,
        flags=info.flag_bits,
        crc=info.CRC,
        offset=offset,
        stored=stored,
        size=info.file_size,
        local_name=header.name if header else "",
        header_at=at,
        mode=mode,
        link=blob.slice(offset, min(stored, 4096)).decode("utf-8", "replace") if stat.S_ISLNK(mode) else "",
        disagrees=_disagreement(info, header) if header else "",
    )


def _disagreement(info: zipfile.ZipInfo, header: LocalHeader) -> str:
    """Where the header before a member promises other bytes than the directory."""
    if header.tells_sizes and header.stored and header.stored != info.compress_size:
        return f"{info.compress_size} bytes in the directory, {header.stored} before the member"
    if header.method != info.compress_type:
        return f"packed by method {info.compress_type} in the directory, {header.method} before the member"
    return ""


def members_without_directory(blob: Blob, listed: tuple[Member, ...], end: int, budget: Budget) -> Iterator[Member]:
    """Members before `end` that have a header and stand in no directory."""
    spans = [(one.header_at, one.offset + one.stored) for one in listed if one.local_name]
    for at, header, reach in unlisted(blob, spans, end, budget):
        yield Member(
            name=header.name,
            method=header.method,
            flags=header.flags,
            crc=header.crc,
            offset=header.offset,
            stored=max(reach - header.offset, 0),
            size=header.size or max(reach - header.offset, 0),
            local_name=header.name,
            header_at=at,
            listed=False,
        )


def contents(blob: Blob, member: Member, budget: Budget) -> tuple[BinaryIO, int]:
    """The bytes of a member, as a loader gets them that minds neither flags nor CRC.

    Raises `UnreadableError` for a method that nobody here knows, or broken data.
    """
    stream, size, broken = begun(blob, member, budget)
    if broken:
        stream.close()
        raise UnreadableError(broken)
    return stream, size


def begun(blob: Blob, member: Member, budget: Budget) -> tuple[BinaryIO, int, str]:
    """The bytes of a member as far as they can be expanded, how many, and why there are no more.

    Loaders that read on as they go have run what comes before the break.
    """
    if member.method == zipfile.ZIP_STORED:
        return window(blob.stream, member.offset, member.stored), member.stored, ""
    broken: list[str] = []

    def pieces() -> Iterator[bytes]:
        try:
            yield from _expanded(blob, member)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
            broken.append(f"member {member.name!r} is broken: {error}")

    stream, size = spool(pieces(), budget)
    return stream, size, "".join(broken)


def _expanded(blob: Blob, member: Member) -> Iterator[bytes]:
    start = member.offset
    if member.method == zipfile.ZIP_DEFLATED:
        codec: Any = zlib.decompressobj(-15)
    elif member.method == zipfile.ZIP_BZIP2:
        codec = bz2.BZ2Decompressor()
    elif member.method == zipfile.ZIP_LZMA:
        size = int.from_bytes(blob.slice(start + 2, 2), "little")
        filters = [lzma._decode_filter_properties(lzma.FILTER_LZMA1, blob.slice(start + 4, size))]  # type: ignore[attr-defined]
        codec = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        start += 4 + size
    elif maker := MAKERS.get(member.method, lambda: None)():
        codec = maker()
    else:
        raise UnreadableError(f"member {member.name!r} is packed with method {member.method}, which is not known here")
    end = member.offset + member.stored
    while start < end and not codec.eof:
        piece = blob.slice(start, min(PIECE, end - start))
        if not piece:
            break
        start += len(piece)
        yield codec.decompress(piece, PIECE)
        if hasattr(codec, "unconsumed_tail"):
            while codec.unconsumed_tail and not codec.eof:
                yield codec.decompress(codec.unconsumed_tail, PIECE)
        else:
            while not codec.eof and not codec.needs_input:
                yield codec.decompress(b"", PIECE)
