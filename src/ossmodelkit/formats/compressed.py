"""gzip, bzip2, xz, lzma, zlib, zstd and lz4: one compressed stream with something inside.

joblib writes its pickles through any of these.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats import lz4_frames, optional_codecs
from ossmodelkit.formats.expanding import inside, pieces_of, spool
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

CONTENT = "content"
PIECE = 256 * 1024
ZLIB_HEADS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
OLD_JOBLIB = re.compile(rb"ZF0x[0-9a-fA-F]{1,16}L? *")
BROKEN = (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError)


def _expand(blob: Blob, make: Callable[[], Any], start: int = 0) -> Iterator[bytes]:
    """All streams in a row; zlib objects keep what they could not yet give in `unconsumed_tail`."""
    codec = make()
    begun = False
    for piece in pieces_of(blob, start):
        rest = piece
        while rest:
            if codec.eof:
                if not rest.strip(b"\0"):
                    break
                codec = make()
            begun = True
            if hasattr(codec, "unconsumed_tail"):
                yield from _inflated(codec, rest)
                rest = codec.unused_data if codec.eof else codec.unconsumed_tail
            else:
                yield codec.decompress(rest, PIECE)
                while not codec.eof and not codec.needs_input:
                    yield codec.decompress(b"", PIECE)
                rest = codec.unused_data if codec.eof else b""
    if begun and not codec.eof:
        raise EOFError("the compressed data ends too soon")


def _inflated(codec: Any, data: bytes) -> Iterator[bytes]:
    """One step of zlib; where it breaks, byte by byte what comes before the break, as a loader gets it."""
    before = codec.copy()
    try:
        yield codec.decompress(data, PIECE)
    except zlib.error:
        for at in range(len(data)):
            yield before.decompress(data[at : at + 1])
        raise


def _reader(name: str, accepts: Callable[[Blob], bool], make: Callable[[], Any], *, weak: bool = False) -> Reader:
    def read(blob: Blob, budget: Budget) -> Iterator[object]:
        if weak and not _begins(blob, make):
            return
        yield from _content(blob, name, _expand(blob, make), budget, BROKEN)

    return Reader(name=name, accepts=accepts, read=read)


def _content(
    blob: Blob, name: str, pieces: Iterator[bytes], budget: Budget, breaks: tuple[type[Exception], ...]
) -> Iterator[object]:
    """What expands before the data breaks, and that it does: a loader that reads on as it goes has run it by then."""
    broken: list[Exception] = []

    def whole() -> Iterator[bytes]:
        try:
            yield from pieces
        except breaks as error:
            broken.append(error)

    stream, size = spool(whole(), budget)
    with stream:
        if size or not broken:
            yield inside(blob, CONTENT, stream, size)
    if broken:
        raise UnreadableError(f"broken {name} data: {broken[0]}") from broken[0]


def _begins(blob: Blob, make: Callable[[], Any]) -> bool:
    """Whether the first bytes expand at all: two bytes of magic are no proof."""
    try:
        return bool(make().decompress(blob.slice(0, PIECE), 64))
    except BROKEN:
        return False


def _magic(*heads: bytes) -> Callable[[Blob], bool]:
    return lambda blob: blob.head(16).startswith(heads)


def _is_lzma(blob: Blob) -> bool:
    """The old .lzma head: properties below 225, a dictionary of 4 KiB or more, a size that may be unknown."""
    head = blob.head(13)
    if len(head) < 13 or head[0] >= 225:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    known_size = int.from_bytes(head[5:13], "little")
    return (
        (dictionary & (dictionary - 1)) == 0
        and dictionary >= 4096
        and (head[5:13] == b"\xff" * 8 or known_size < 1 << 40)
    )


def _read_zstd(blob: Blob, budget: Budget) -> Iterator[object]:
    make = optional_codecs.zstd()
    if make is None:
        yield Gap(at=blob.at, reason="zstd data cannot be expanded here", remedy="install backports.zstd")
    else:
        yield from _content(blob, "zstd", _expand(blob, make), budget, BROKEN)


def _read_lz4(blob: Blob, budget: Budget) -> Iterator[object]:
    yield from _content(blob, "lz4", lz4_frames.expand(blob, budget), budget, (*BROKEN, UnreadableError))


def _read_old_joblib(blob: Blob, budget: Budget) -> Iterator[object]:
    """joblib before 0.10: the letters ZF, the length in hexadecimal, then zlib."""
    head = OLD_JOBLIB.match(blob.head(64))
    if not head:
        return
    yield from _content(blob, "joblib", _expand(blob, zlib.decompressobj, head.end()), budget, BROKEN)


READERS = (
    _reader("gzip", _magic(b"\x1f\x8b"), lambda: zlib.decompressobj(31)),
    _reader("bzip2", _magic(b"BZh"), bz2.BZ2Decompressor, weak=True),
    _reader("xz", _magic(b"\xfd7zXZ\0"), lambda: lzma.LZMADecompressor(memlimit=1 << 27)),
    _reader("lzma", _is_lzma, lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=1 << 27), weak=True),
    _reader("zlib", _magic(*ZLIB_HEADS), zlib.decompressobj, weak=True),
    Reader(name="zstd", accepts=_magic(b"\x28\xb5\x2f\xfd"), read=_read_zstd),
    Reader(name="lz4", accepts=_magic(lz4_frames.MAGIC), read=_read_lz4),
    Reader(name="old joblib", accepts=_magic(b"ZF0x"), read=_read_old_joblib),
)
