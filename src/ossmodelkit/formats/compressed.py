"""gzip, bzip2, xz, lzma, zlib, zstd and lz4: one compressed stream with something inside.

joblib writes its pickles through any of these. A codec that is not installed leaves a gap.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from ossmodelkit.core.finding import Gap
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
                yield codec.decompress(rest, PIECE)
                rest = codec.unused_data if codec.eof else codec.unconsumed_tail
            else:
                yield codec.decompress(rest, PIECE)
                while not codec.eof and not codec.needs_input:
                    yield codec.decompress(b"", PIECE)
                rest = codec.unused_data if codec.eof else b""
    if begun and not codec.eof:
        raise EOFError("the compressed data ends too soon")


def _reader(name: str, accepts: Callable[[Blob], bool], make: Callable[[], Any], *, weak: bool = False) -> Reader:
    def read(blob: Blob, budget: Budget) -> Iterator[object]:
        if weak and not _begins(blob, make):
            return
        try:
            stream, size = spool(_expand(blob, make), budget)
        except BROKEN as error:
            raise UnreadableError(f"broken {name} data: {error}") from error
        with stream:
            yield inside(blob, CONTENT, stream, size)

    return Reader(name=name, accepts=accepts, read=read)


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


def _read_optional(name: str, module: str, package: str) -> Callable[[Blob, Budget], Iterator[object]]:
    def read(blob: Blob, budget: Budget) -> Iterator[object]:
        from importlib import import_module

        try:
            codec = import_module(module)
        except ImportError:
            yield Gap(at=blob.at, reason=f"{name} data cannot be expanded here", remedy=f"install {package}")
            return
        make = codec.LZ4FrameDecompressor if name == "lz4" else lambda: _Zstd(codec)
        try:
            stream, size = spool(_expand(blob, make), budget)
        except (*BROKEN, RuntimeError, _zstd_error(codec)) as error:
            raise UnreadableError(f"broken {name} data: {error}") from error
        with stream:
            yield inside(blob, CONTENT, stream, size)

    return read


def _zstd_error(codec: Any) -> type[Exception]:
    found: type[Exception] = getattr(codec, "ZstdError", RuntimeError)
    return found


class _Zstd:
    """zstandard's object, with the two names that the others have."""

    needs_input = True

    def __init__(self, codec: Any) -> None:
        self._inner = codec.ZstdDecompressor(max_window_size=1 << 27).decompressobj()

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def decompress(self, data: bytes, _: int) -> bytes:
        return bytes(self._inner.decompress(data))


def _read_old_joblib(blob: Blob, budget: Budget) -> Iterator[object]:
    """joblib before 0.10: the letters ZF, the length in hexadecimal, then zlib."""
    head = OLD_JOBLIB.match(blob.head(64))
    if not head:
        return
    try:
        stream, size = spool(_expand(blob, zlib.decompressobj, head.end()), budget)
    except BROKEN as error:
        raise UnreadableError(f"broken joblib data: {error}") from error
    with stream:
        yield inside(blob, CONTENT, stream, size)


READERS = (
    _reader("gzip", _magic(b"\x1f\x8b"), lambda: zlib.decompressobj(31)),
    _reader("bzip2", _magic(b"BZh"), bz2.BZ2Decompressor, weak=True),
    _reader("xz", _magic(b"\xfd7zXZ\0"), lambda: lzma.LZMADecompressor(memlimit=1 << 27)),
    _reader("lzma", _is_lzma, lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=1 << 27), weak=True),
    _reader("zlib", _magic(*ZLIB_HEADS), zlib.decompressobj, weak=True),
    Reader(name="zstd", accepts=_magic(b"\x28\xb5\x2f\xfd"), read=_read_optional("zstd", "zstandard", "zstandard")),
    Reader(name="lz4", accepts=_magic(b"\x04\x22\x4d\x18"), read=_read_optional("lz4", "lz4.frame", "lz4")),
    Reader(name="old joblib", accepts=_magic(b"ZF0x"), read=_read_old_joblib),
)
