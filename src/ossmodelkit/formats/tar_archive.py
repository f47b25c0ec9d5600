"""A tar: its members, and where their bytes lie. Links and devices are listed and never followed."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats import torch_tar
from ossmodelkit.formats.expanding import inside
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.unpacking import Unpacked, Unpacking
from ossmodelkit.formats.windows import window
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

BLOCK = 512
PIECE = 1 << 20
CHECKSUM = slice(148, 156)


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """One member: a file, or (with `link` set) a link to somewhere, or a device."""

    name: str
    offset: int
    size: int
    link: str = ""
    device: bool = False
    hard: bool = False


def accepts(blob: Blob) -> bool:
    """A first block whose checksum is right, as every unpacker demands."""
    block = blob.head(BLOCK)
    if len(block) < BLOCK or not any(block):
        return False
    digits = block[CHECKSUM].strip(b" \0")
    try:
        claimed = int(digits, 8)
    except ValueError:
        return False
    total = sum(block) - sum(block[CHECKSUM]) + 8 * 32
    return claimed == total


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """The list, then every file inside."""
    members = _listing(blob, budget)
    entries = (Unpacked(name=one.name, link=one.link, hard=one.hard, device=one.device) for one in members)
    yield Unpacking(at=blob.at, entries=tuple(entries))
    yield from _behind(members, blob, budget)
    objects = yield from torch_tar.read_objects({one.name: one for one in members}, blob, budget)
    for member in members:
        if member.link or member.device or member.size == 0 or member.name in objects:
            continue
        if member.offset + member.size > blob.size:
            at = Place(path=blob.at.path, members=(*blob.at.members, member.name))
            yield Gap(at=at, reason="is longer than the archive around it")
            continue
        yield inside(blob, member.name, window(blob.stream, member.offset, member.size), member.size)


def _behind(members: tuple[TarMember, ...], blob: Blob, budget: Budget) -> Iterator[object]:
    """What follows the two empty blocks at the end: another archive, for programs that read on."""
    at = max((one.offset + one.size for one in members), default=0)
    at += -at % BLOCK
    while at < blob.size and not blob.slice(at, PIECE).strip(b"\0"):
        budget.check_time()
        at += PIECE
    while at < blob.size and not blob.slice(at, BLOCK).strip(b"\0"):
        at += BLOCK
    if at < blob.size:
        yield inside(blob, "behind the archive", window(blob.stream, at, blob.size - at), blob.size - at)


def _listing(blob: Blob, budget: Budget) -> tuple[TarMember, ...]:
    members = []
    stream = window(blob.stream, 0, blob.size)
    try:
        with tarfile.TarFile(fileobj=stream, mode="r", errorlevel=0) as archive:
            for info in archive:
                budget.spend_member()
                budget.check_time()
                if not info.isdir():
                    members.append(_member(info))
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError) as error:
        raise UnreadableError(f"broken tar: {error}") from error
    return tuple(members)


def _member(info: tarfile.TarInfo) -> TarMember:
    link = info.linkname if info.issym() or info.islnk() else ""
    special = not (info.isreg() or info.issym() or info.islnk())
    return TarMember(
        name=info.name,
        offset=info.offset_data,
        size=info.size if info.isreg() else 0,
        link=link,
        device=special or info.issparse(),
        hard=info.islnk(),
    )


READER = Reader(name="tar", accepts=accepts, read=read)
