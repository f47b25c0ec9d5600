"""The directory of a 7z archive: folders of coders, sizes and names.

Layout: 7zFormat.txt of the LZMA SDK (public domain). Counts are checked against the header's length
before anything is allocated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ossmodelkit.foundation.errors import UnreadableError

END, HEADER, ENCODED = 0x00, 0x01, 0x17
ARCHIVE_PROPERTIES, STREAMS, FILES = 0x02, 0x04, 0x05
PACK_INFO, UNPACK_INFO, SUBSTREAMS = 0x06, 0x07, 0x08
SIZES, DIGESTS, FOLDER, UNPACK_SIZES, STREAM_COUNTS = 0x09, 0x0A, 0x0B, 0x0C, 0x0D
EMPTY_STREAMS, NAMES = 0x0E, 0x11


@dataclass(frozen=True, slots=True)
class Coder:
    """A compression or filter step: its method and the method's properties."""

    method: bytes
    properties: bytes


@dataclass(slots=True)
class Folder:
    """Coders that together expand one packed stream, innermost last, and what comes out."""

    coders: list[Coder]
    simple: bool
    size: int = 0
    packed: int = 0
    members: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Directory:
    """Where the packed streams begin, their sizes, the folders, and the names of the files."""

    start: int = 0
    packed_sizes: list[int] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    empty: list[bool] = field(default_factory=list)


class Cursor:
    """A place in the header. Mutable by nature."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """The next bytes, all of them."""
        found = self.data[self.at : self.at + count]
        if len(found) != count:
            raise UnreadableError("the 7z directory ends too soon")
        self.at += count
        return found

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """A 7z number: the leading ones of the first byte count the bytes that follow."""
        first, mask, value = self.byte(), 0x80, 0
        for shift in range(0, 64, 8):
            if not first & mask:
                return value | (first & (mask - 1)) << shift
            value |= self.byte() << shift
            mask >>= 1
        return value

    def count(self) -> int:
        """A number of things that each take a bit or more of the rest."""
        value = self.number()
        if value > 8 * (len(self.data) - self.at) + 64:
            raise UnreadableError(f"the 7z directory announces {value} entries")
        return value

    def bits(self, count: int, *, may_be_all: bool = True) -> list[bool]:
        """Flags, eight to a byte; a first byte of one stands for all."""
        if may_be_all and self.byte():
            return [True] * count
        data = self.take(-(-count // 8))
        return [bool(data[i // 8] & 0x80 >> i % 8) for i in range(count)]


def parse_streams(cursor: Cursor, directory: Directory) -> None:
    """Packed streams, folders and the files inside each folder."""
    while (kind := cursor.byte()) != END:
        if kind == PACK_INFO:
            _pack_info(cursor, directory)
        elif kind == UNPACK_INFO:
            _unpack_info(cursor, directory)
        elif kind == SUBSTREAMS:
            _substreams(cursor, directory)
        else:
            raise UnreadableError(f"7z property {kind:#x} is not known")
    for folder in directory.folders:
        if not folder.members:
            folder.members = [folder.size]


def _digests(cursor: Cursor, count: int) -> list[bool]:
    defined = cursor.bits(count)
    cursor.take(4 * sum(defined))
    return defined


def _pack_info(cursor: Cursor, directory: Directory) -> None:
    directory.start = 32 + cursor.number()
    count = cursor.count()
    while (kind := cursor.byte()) != END:
        if kind == SIZES:
            directory.packed_sizes = [cursor.number() for _ in range(count)]
        elif kind == DIGESTS:
            _digests(cursor, count)
        else:
            raise UnreadableError(f"7z property {kind:#x} among the packed streams")


def _unpack_info(cursor: Cursor, directory: Directory) -> None:
    if cursor.byte() != FOLDER:
        raise UnreadableError("a 7z archive without folders")
    count = cursor.count()
    if cursor.byte():
        raise UnreadableError("7z folders in another stream")
    shapes = []
    for _ in range(count):
        folder, shape = _folder(cursor)
        directory.folders.append(folder)
        shapes.append(shape)
    if cursor.byte() != UNPACK_SIZES:
        raise UnreadableError("7z folders without sizes")
    for folder, (outputs, main) in zip(directory.folders, shapes, strict=True):
        sizes = [cursor.number() for _ in range(outputs)]
        folder.size = sizes[main]
    if (kind := cursor.byte()) == DIGESTS:
        _digests(cursor, count)
        kind = cursor.byte()
    if kind != END:
        raise UnreadableError(f"7z property {kind:#x} among the folders")


def _folder(cursor: Cursor) -> tuple[Folder, tuple[int, int]]:
    """A folder; how many outputs it has, and which of them is the content."""
    coders: list[Coder] = []
    inputs = outputs = 0
    simple = True
    for _ in range(min(cursor.number(), 33)):
        flags = cursor.byte()
        method = cursor.take(flags & 0x0F)
        ins, outs = (cursor.number(), cursor.number()) if flags & 0x10 else (1, 1)
        simple = simple and (ins, outs) == (1, 1)
        coders.append(Coder(method, cursor.take(cursor.count()) if flags & 0x20 else b""))
        inputs, outputs = inputs + ins, outputs + outs
    if not 0 < outputs <= 32 or inputs > 32:
        raise UnreadableError("a 7z folder of too many coders")
    bonds = [(cursor.number(), cursor.number()) for _ in range(outputs - 1)]
    packed = inputs - len(bonds)
    if packed > 1:
        for _ in range(packed):
            cursor.number()
    bound = {output for _, output in bonds}
    main = next((index for index in range(outputs) if index not in bound), 0)
    ordered = _in_order(coders, bonds, main) if simple else coders
    return Folder(ordered, simple and packed == 1, packed=packed), (outputs, main)


def _in_order(coders: list[Coder], bonds: list[tuple[int, int]], main: int) -> list[Coder]:
    """From the coder that gives the content to the one that takes the packed stream."""
    feeds = dict(bonds)
    ordered, at = [coders[main]], main
    while at in feeds and len(ordered) < len(coders):
        at = feeds[at]
        if at >= len(coders):
            raise UnreadableError("a 7z folder bound to nothing")
        ordered.append(coders[at])
    return ordered


def _substreams(cursor: Cursor, directory: Directory) -> None:
    counts = [1] * len(directory.folders)
    kind = cursor.byte()
    if kind == STREAM_COUNTS:
        counts = [cursor.count() for _ in directory.folders]
        kind = cursor.byte()
    for folder, count in zip(directory.folders, counts, strict=True):
        sizes = [cursor.number() for _ in range(count - 1)] if kind == SIZES else []
        if count:
            folder.members = [*sizes, folder.size - sum(sizes)]
        if any(size < 0 for size in folder.members):
            raise UnreadableError("files of a 7z folder are larger than the folder")
    if kind == SIZES:
        kind = cursor.byte()
    while kind != END:
        if kind == DIGESTS:
            _digests(cursor, sum(counts))
        kind = cursor.byte()


def parse_files(cursor: Cursor, directory: Directory) -> None:
    """Names, and which files have no content."""
    count = cursor.count()
    directory.empty = [False] * count
    while (kind := cursor.byte()) != END:
        size = cursor.number()
        inner = Cursor(cursor.take(size))
        if kind == EMPTY_STREAMS:
            directory.empty = inner.bits(count, may_be_all=False)
        elif kind == NAMES:
            if inner.byte():
                raise UnreadableError("7z names in another stream")
            text = inner.data[inner.at :].decode("utf-16-le", "replace")
            directory.names = text.split("\0")[:count]
