"""7z archives, expanded with the standard library: LZMA, LZMA2, BCJ, delta, deflate, bzip2 and copies.

zstd, Brotli and Deflate64 need a package; encrypted archives, PPMd and BCJ2 leave a gap. Loaders do not
open 7z, people do; public attacks on the hub came in it (nullifAI), because scanners could not.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Any

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats import optional_codecs
from ossmodelkit.formats.expanding import inside, spool
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.seven_zip_header import (
    ENCODED,
    FILES,
    HEADER,
    STREAMS,
    Coder,
    Cursor,
    Directory,
    Folder,
    parse_files,
    parse_streams,
)
from ossmodelkit.formats.span import Span
from ossmodelkit.formats.windows import window
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import MIB, Budget

MAGIC = b"7z\xbc\xaf\x27\x1c"
PIECE = 256 * 1024
LARGEST_HEADER = 64 * MIB
LARGEST_DICTIONARY = 256 * MIB
COPY, DELTA, X86, LZMA1, LZMA2 = b"\0", b"\x03", b"\x03\x03\x01\x03", b"\x03\x01\x01", b"\x21"
DEFLATE, BZIP2, AES = b"\x04\x01\x08", b"\x04\x02\x02", b"\x06\xf1\x07\x01"
DEFLATE64, ZSTD, BROTLI = b"\x04\x01\x09", b"\x04\xf7\x11\x01", b"\x04\xf7\x11\x02"
UNREAD = {b"\x03\x04\x01": "PPMd"}  # its package corrupts memory: docs/decisions/0176
PACKAGES = {DEFLATE64: "inflate64", ZSTD: "backports.zstd", BROTLI: "brotli"}
FILTERS = {
    X86: lzma.FILTER_X86,
    b"\x04": lzma.FILTER_X86,
    b"\x05": lzma.FILTER_POWERPC,
    b"\x06": lzma.FILTER_IA64,
    b"\x07": lzma.FILTER_ARM,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\x09": lzma.FILTER_SPARC,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}
BROKEN = (lzma.LZMAError, zlib.error, OSError, ValueError, EOFError)


def accepts(blob: Blob) -> bool:
    """The signature."""
    return blob.head(6) == MAGIC


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """Every file inside; what cannot be expanded is told."""
    span = Span(blob)
    offset, size = span.unpack("<QQ", 12)
    if size > LARGEST_HEADER:
        raise UnreadableError(f"a 7z directory of {size} bytes")
    budget.spend_bytes(size)
    header = span.take(32 + offset, size)
    directory = _directory(header, span, budget)
    contents = [name for name, empty in zip(directory.names, directory.empty, strict=False) if not empty]
    names = iter(contents)
    first = 0
    start = directory.start
    for folder in directory.folders:
        sizes = directory.packed_sizes[first : first + folder.packed]
        if len(sizes) != folder.packed:
            raise UnreadableError("a 7z folder without its packed stream")
        mine = [next(names, "?") for _ in folder.members]
        yield from _members(blob, folder, span, start, sizes, mine, budget)
        first, start = first + folder.packed, start + sum(sizes)
    if not contents:
        yield Gap(at=blob.at, reason="a 7z archive without content")


def _directory(header: bytes, span: Span, budget: Budget) -> Directory:
    """The directory itself; one that is packed is expanded first, at most a few times."""
    for _ in range(4):
        cursor = Cursor(header)
        kind = cursor.byte() if header else HEADER
        directory = Directory()
        if kind == HEADER:
            while header and (kind := cursor.byte()):
                if kind == STREAMS:
                    parse_streams(cursor, directory)
                elif kind == FILES:
                    parse_files(cursor, directory)
                else:
                    raise UnreadableError(f"7z property {kind:#x} is not known")
            return directory
        if kind != ENCODED:
            break
        parse_streams(cursor, directory)
        if not directory.folders or not directory.packed_sizes:
            break
        if reason := _unsupported(directory.folders[0]):
            raise UnreadableError(f"a 7z directory that is {reason}")
        pieces = _expand(directory.folders[0], span, directory.start, directory.packed_sizes[0])
        try:
            stream, size = spool(pieces, budget)
        except BROKEN as error:
            raise UnreadableError(f"broken 7z directory: {error}") from error
        with stream:
            header = stream.read(min(size, LARGEST_HEADER))
    raise UnreadableError("no 7z directory where one was announced")


def _members(
    blob: Blob, folder: Folder, span: Span, start: int, sizes: list[int], names: list[str], budget: Budget
) -> Iterator[object]:
    reason = _unsupported(folder)
    if reason:
        for name in names:
            yield Gap(at=inside(blob, name, blob.stream, 0).at, reason=reason, remedy="unpack it and scan the folder")
        return
    try:
        stream, size = spool(_expand(folder, span, start, sizes[0]), budget)
    except BROKEN as error:
        raise UnreadableError(f"broken 7z data: {error}") from error
    with stream:
        at = 0
        for name, length in zip(names, folder.members, strict=True):
            budget.spend_member()
            if at + length > size:
                raise UnreadableError(f"7z member {name!r} is cut")
            yield inside(blob, name, window(stream, at, length), length)
            at += length


def _unsupported(folder: Folder) -> str:
    known = {COPY, DELTA, LZMA1, LZMA2, DEFLATE, BZIP2, *FILTERS, *PACKAGES}
    if any(coder.method == AES for coder in folder.coders):
        return "encrypted: its content cannot be read"
    strange = [UNREAD.get(one.method, one.method.hex()) for one in folder.coders if one.method not in known]
    if strange or not folder.simple:
        return f"packed with the 7z method {strange[0] if strange else 'BCJ2'}, which is not read"
    last = folder.coders[-1].method
    if last in PACKAGES and _maker(folder.coders[-1]) is None:
        return f"packed with a method that needs the package {PACKAGES[last]}"
    mixed = last not in (LZMA1, LZMA2) and len(folder.coders) > 1
    return "packed with a chain of 7z methods that is not read" if mixed else ""


def _maker(coder: Coder) -> optional_codecs.Maker | None:
    """A decoder of one of the methods that need a package."""
    makers = {DEFLATE64: optional_codecs.deflate64, ZSTD: optional_codecs.zstd, BROTLI: optional_codecs.brotli}
    return makers[coder.method]()


def _expand(folder: Folder, span: Span, start: int, size: int) -> Iterator[bytes]:
    """The content of a folder, a piece at a time, exactly as long as the directory says."""
    left = folder.size
    for piece in _pieces(_decoder(folder), span, start, size):
        yield piece[:left]
        left -= len(piece[:left])
        if not left:
            return
    raise EOFError(f"{left} bytes are missing")


def _decoder(folder: Folder) -> Any:
    """What expands the packed stream; None where it is a copy."""
    last = folder.coders[-1]
    if last.method == COPY:
        return None
    if last.method == DEFLATE:
        return zlib.decompressobj(-15)
    if last.method == BZIP2:
        return bz2.BZ2Decompressor()
    if last.method in PACKAGES:
        maker = _maker(last)
        return maker() if maker else None
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_filter(coder) for coder in folder.coders])


def _pieces(decode: Any, span: Span, start: int, size: int) -> Iterator[bytes]:
    for at in range(start, start + size, PIECE):
        data = span.take(at, min(PIECE, start + size - at))
        if decode is None:
            yield data
        elif hasattr(decode, "unconsumed_tail"):
            while data and not decode.eof:
                yield decode.decompress(data, PIECE)
                data = decode.unconsumed_tail
        else:
            yield decode.decompress(data, PIECE)
            while not decode.eof and not decode.needs_input:
                yield decode.decompress(b"", PIECE)
        if decode is not None and decode.eof:
            return
    if hasattr(decode, "flush"):
        yield decode.flush()


def _filter(coder: Coder) -> dict[str, int]:
    """What the `lzma` module calls a coder."""
    data = coder.properties
    if coder.method == LZMA2:
        if not data or data[0] > 40:
            raise UnreadableError("broken LZMA2 properties")
        size = 0xFFFFFFFF if data[0] == 40 else (2 | data[0] & 1) << (data[0] // 2 + 11)
        return {"id": lzma.FILTER_LZMA2, "dict_size": _bounded(size)}
    if coder.method == LZMA1:
        if len(data) < 5 or data[0] >= 225:
            raise UnreadableError("broken LZMA properties")
        rest, lc = divmod(data[0], 9)
        pb, lp = divmod(rest, 5)
        size = max(4096, _bounded(int.from_bytes(data[1:5], "little")))
        return {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb}
    if coder.method == DELTA:
        return {"id": lzma.FILTER_DELTA, "dist": (data[0] if data else 0) + 1}
    return {"id": FILTERS[coder.method]}


def _bounded(size: int) -> int:
    if size > LARGEST_DICTIONARY:
        raise UnreadableError(f"a dictionary of {size} bytes")
    return size


READER = Reader(name="7z", accepts=accepts, read=read)
