"""The bones of an HDF5 file: superblock, object headers, symbol tables, heaps. No dataset is read.

HDF5 File Format Specification 3.0, sections II (superblock), III (B-trees, heaps) and IV (messages).
The HDF5 library opens the files that links, external storage and virtual datasets name, so it is not
asked: these few structures are read here, every address checked against the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NIL, DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL_FILES, LAYOUT = 0, 1, 2, 3, 6, 7, 8
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOLS, ATTRIBUTE_INFO = 0x0B, 0x0C, 0x10, 0x11, 0x15
SHARED = 0x02
SOFT, EXTERNAL = "soft", "external"
LONGEST_NAME = 4096

SEARCHED = 1 << 20
COLLECTION = b"GCOL\x01\0\0\0"


@dataclass(frozen=True, slots=True)
class HeaderMessage:
    """One message of an object header."""

    kind: int
    flags: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A member of a group: where its header lies, or what it points to."""

    name: str
    address: int = 0
    kind: str = ""
    target: str = ""


@dataclass(slots=True)
class Hdf5File:
    """An opened file: how wide its addresses are, and where its root group lies."""

    span: Span
    budget: Budget
    base: int = 0
    offset_size: int = 8
    length_size: int = 8
    root: int = 0
    end: int = 0
    undefined: int = field(default=0)
    collections: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)

    def number(self, data: bytes, at: int, size: int) -> int:
        """A little-endian number out of `data`."""
        if at + size > len(data):
            raise UnreadableError("a message is shorter than its fields")
        return int.from_bytes(data[at : at + size], "little")

    def take(self, address: int, count: int) -> bytes:
        """Bytes at an address of the file's own."""
        return self.span.take(self.base + address, count)

    def is_defined(self, address: int) -> bool:
        """Whether an address points anywhere."""
        return address not in (self.undefined, (1 << 64) - 1)


def find_start(span: Span) -> int:
    """Offset of the superblock: 0, 512, 1024, … as the library looks for it; -1 when there is none."""
    at = 0
    while at + 8 <= span.size:
        if span.take(at, 8) == SIGNATURE:
            return at
        at = at * 2 or 512
    return -1


def open_file(span: Span, budget: Budget) -> Hdf5File:
    """Read the superblock (versions 0 to 3)."""
    start = find_start(span)
    version = span.take(start + 8, 1)[0]
    if version > 3:
        raise UnreadableError(f"HDF5 superblock version {version}")
    old = version < 2
    sizes = span.take(start + (13 if old else 9), 2)
    if not (sizes[0] in (2, 4, 8) and sizes[1] in (2, 4, 8)):
        raise UnreadableError(f"HDF5 addresses of {sizes[0]} bytes")
    file = Hdf5File(span=span, budget=budget, offset_size=sizes[0], length_size=sizes[1])
    file.undefined = (1 << 8 * file.offset_size) - 1
    at = start + {0: 24, 1: 28}.get(version, 12)
    wide = file.offset_size
    fields = span.take(at, 6 * wide if old else 4 * wide)
    file.base = file.number(fields, 0, wide)
    file.end = file.number(fields, 2 * wide, wide)
    file.root = file.number(fields, (5 if old else 3) * wide, wide)
    if file.base != start:
        # The library adds a stored base to where it found the signature only when they differ.
        file.base = start
    return file


def messages(file: Hdf5File, address: int) -> Iterator[HeaderMessage]:
    """All messages of the object header at `address`, through its continuation blocks."""
    signature = file.take(address, 4)
    if signature == b"OHDR":
        yield from _messages_v2(file, address)
    elif signature[0] == 1:
        count, size = file.number(file.take(address + 2, 2), 0, 2), file.number(file.take(address + 8, 4), 0, 4)
        del count
        yield from _follow(file, address + 16, size, 0, tracked=False)
    else:
        raise UnreadableError(f"no object header at byte {address}")


def _messages_v2(file: Hdf5File, address: int) -> Iterator[HeaderMessage]:
    flags = file.take(address + 5, 1)[0]
    at = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = file.number(file.take(at, width), 0, width)
    yield from _follow(file, at + width, size, 2, tracked=bool(flags & 4))


def _follow(file: Hdf5File, start: int, size: int, version: int, *, tracked: bool) -> Iterator[HeaderMessage]:
    blocks = [(start, size)]
    seen: set[int] = set()
    while blocks:
        start, size = blocks.pop(0)
        if start in seen:
            raise UnreadableError(f"an object header runs in a circle at byte {start}")
        seen.add(start)
        file.budget.spend_member()
        file.budget.check_time()
        for message in _block(file.take(start, size), file, version, tracked):
            if message.kind == CONTINUATION:
                where = file.number(message.data, 0, file.offset_size)
                length = file.number(message.data, file.offset_size, file.length_size)
                blocks.append((where + 4, length - 8) if version else (where, length))
            else:
                yield message


def _block(data: bytes, file: Hdf5File, version: int, tracked: bool) -> Iterator[HeaderMessage]:
    head = (6 if tracked else 4) if version else 8
    at = 0
    while at + head <= len(data):
        if version:
            kind, size, flags = data[at], file.number(data, at + 1, 2), data[at + 3]
        else:
            kind, size, flags = file.number(data, at, 2), file.number(data, at + 2, 2), data[at + 4]
        at += head
        if at + size > len(data):
            raise UnreadableError("a header message runs over its block")
        if kind != NIL:
            yield HeaderMessage(kind, flags, data[at : at + size])
        at += size


def old_links(file: Hdf5File, symbols: bytes) -> Iterator[Link]:
    """Members of a group that keeps them in a symbol table (B-tree version 1)."""
    tree = file.number(symbols, 0, file.offset_size)
    heap = _local_heap(file, file.number(symbols, file.offset_size, file.offset_size))
    todo, seen = [tree], set()
    while todo:
        address = todo.pop()
        if address in seen:
            raise UnreadableError(f"a group's tree runs in a circle at byte {address}")
        seen.add(address)
        file.budget.check_time()
        head = file.take(address, 8)
        count = file.number(head, 6, 2)
        if head[:4] == b"SNOD":
            yield from _entries(file, address + 8, count, heap)
        elif head[:4] == b"TREE":
            step = file.offset_size + file.length_size
            body = file.take(address + 8 + 2 * file.offset_size, count * step + file.length_size)
            todo += [file.number(body, i * step + file.length_size, file.offset_size) for i in range(count)]
        else:
            raise UnreadableError(f"no node of a group at byte {address}")


def _entries(file: Hdf5File, at: int, count: int, heap: bytes) -> Iterator[Link]:
    width = 2 * file.offset_size + 24
    data = file.take(at, count * width)
    for start in range(0, count * width, width):
        file.budget.spend_member()
        name = heap_text(heap, file.number(data, start, file.offset_size))
        address = file.number(data, start + file.offset_size, file.offset_size)
        if file.number(data, start + 2 * file.offset_size, 4) == 2:
            value = file.number(data, start + 2 * file.offset_size + 8, 4)
            yield Link(name, kind=SOFT, target=heap_text(heap, value))
        else:
            yield Link(name, address)


def _local_heap(file: Hdf5File, address: int) -> bytes:
    if file.take(address, 4) != b"HEAP":
        raise UnreadableError(f"no local heap at byte {address}")
    sizes = file.take(address + 8, 2 * file.length_size + file.offset_size)
    size = file.number(sizes, 0, file.length_size)
    file.budget.spend_bytes(size)
    return file.take(file.number(sizes, 2 * file.length_size, file.offset_size), size)


def heap_text(heap: bytes, at: int) -> str:
    """A NUL-terminated name out of a local heap."""
    end = heap.find(b"\0", at, at + LONGEST_NAME)
    if end < 0:
        raise UnreadableError("a name has no end")
    return heap[at:end].decode("utf-8", "replace")


def local_heap_at(file: Hdf5File, address: int) -> bytes:
    """The data of the local heap at `address`."""
    return _local_heap(file, address)


def new_link(file: Hdf5File, data: bytes) -> Link:
    """A link message (section IV.A.2.g)."""
    flags, at = file.number(data, 1, 1), 2
    kind = file.number(data, at, 1) if flags & 8 else 0
    at += (1 if flags & 8 else 0) + (8 if flags & 4 else 0) + (1 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    length = file.number(data, at, width)
    at += width
    name = data[at : at + length].decode("utf-8", "replace")
    at += length
    if kind == 0:
        return Link(name, file.number(data, at, file.offset_size))
    size = file.number(data, at, 2)
    value = data[at + 2 : at + 2 + size]
    if kind == 1:
        return Link(name, kind=SOFT, target=value.decode("utf-8", "replace"))
    return Link(name, kind=EXTERNAL, target=value[1:].replace(b"\0", b" ").decode("utf-8", "replace").strip())


def global_object(file: Hdf5File, address: int, index: int) -> bytes:
    """One object of a global heap collection: where texts of variable length lie."""
    if address not in file.collections:
        file.collections[address] = dict(_collection(file, address))
    if index not in file.collections[address]:
        raise UnreadableError(f"object {index} is not in the global heap at byte {address}")
    at, length = file.collections[address][index]
    file.budget.spend_bytes(length)
    return file.take(at, length)


def _collection(file: Hdf5File, address: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Number, place and length of every object in a global heap collection."""
    if file.take(address, 4) != b"GCOL":
        raise UnreadableError(f"no global heap at byte {address}")
    size = file.number(file.take(address + 8, file.length_size), 0, file.length_size)
    at, end = address + 8 + file.length_size, address + size
    while at + 8 + file.length_size <= end:
        head = file.take(at, 8 + file.length_size)
        found, length = file.number(head, 0, 2), file.number(head, 8, file.length_size)
        if not found:
            break
        file.budget.spend_member()
        yield found, (at + len(head), length)
        at += len(head) + -(-length // 8) * 8


def every_global_object(file: Hdf5File) -> Iterator[bytes]:
    """The objects of all global heap collections, found by their signature, version and reserved bytes."""
    at = 0
    while at < file.span.size:
        piece = file.span.take(at, min(SEARCHED, file.span.size - at))
        file.budget.spend_bytes(len(piece))
        found = piece.find(COLLECTION)
        while found >= 0:
            yield from (global_object(file, at + found, one) for one in dict(_collection(file, at + found)))
            found = piece.find(COLLECTION, found + 1)
        at += max(len(piece) - len(COLLECTION) + 1, len(COLLECTION))
