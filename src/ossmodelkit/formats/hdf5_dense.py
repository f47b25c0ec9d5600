"""Groups and objects with many members: fractal heaps indexed by B-trees of version 2.

HDF5 File Format Specification 3.0, sections III.A.2 (version 2 B-trees) and III.G (fractal heap).
Files written with `libver="latest"` or `track_order=True` keep more than eight links or attributes so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.formats.hdf5_structure import Hdf5File
from ossmodelkit.foundation.errors import UnreadableError

HUGE, LINK_NAMES, ATTRIBUTE_NAMES = 1, 5, 8
ID_AT = {LINK_NAMES: 4, ATTRIBUTE_NAMES: 0}


@dataclass(frozen=True, slots=True)
class FractalHeap:
    """The measures of a heap that say in which block an offset lies."""

    file: Hdf5File
    offset_bytes: int
    length_bytes: int
    width: int
    first: int
    largest_direct: int
    root: int
    rows: int
    checksummed: bool
    filtered: bool
    huge_tree: int

    @property
    def block_head(self) -> int:
        """Bytes before the data of a direct or the entries of an indirect block."""
        return 5 + self.file.offset_size + self.offset_bytes

    def row_size(self, row: int) -> int:
        """The size of each block in a row of the doubling table, in bytes."""
        return self.first if row < 2 else self.first << (row - 1)


def open_heap(file: Hdf5File, address: int) -> FractalHeap:
    """Read a fractal heap's header."""
    if file.take(address, 4) != b"FRHP":
        raise UnreadableError(f"no fractal heap at byte {address}")
    fixed = file.take(address + 5, 9)
    wide, long = file.offset_size, file.length_size
    at = address + 14 + (long + wide) + (long + wide) + 8 * long
    table = file.take(at, 2 + 2 * long + 4 + wide + 2)
    largest_heap_bits = file.number(table, 2 + 2 * long, 2)
    largest = file.number(table, 2 + long, long)
    return FractalHeap(
        file=file,
        offset_bytes=-(-largest_heap_bits // 8),
        length_bytes=min((largest.bit_length() + 6) // 8, (file.number(fixed, 5, 4).bit_length() + 7) // 8),
        width=file.number(table, 0, 2),
        first=file.number(table, 2, long),
        largest_direct=largest,
        root=file.number(table, 6 + 2 * long, wide),
        rows=file.number(table, 6 + 2 * long + wide, 2),
        checksummed=bool(fixed[4] & 2),
        filtered=file.number(fixed, 2, 2) > 0,
        huge_tree=file.number(file.take(address + 14 + long, wide), 0, wide),
    )


def objects(file: Hdf5File, heap_address: int, tree_address: int, record: int) -> Iterator[bytes]:
    """Every message that the tree's records of this kind point to in the heap."""
    heap = open_heap(file, heap_address)
    if heap.filtered:
        raise UnreadableError("a compressed fractal heap")
    for entry in _records(file, tree_address, record):
        at = ID_AT[record]
        yield _object(heap, entry[at : at + (7 if record == LINK_NAMES else 8)])


def _object(heap: FractalHeap, name: bytes) -> bytes:
    first = heap.file.number(name, 0, 1)
    kind = first >> 4 & 3
    if kind == 2:
        return name[1 : 2 + (first & 0xF)]
    if kind == 1:
        return _huge_object(heap, int.from_bytes(name[1:], "little"))
    if kind != 0:
        raise UnreadableError("an object of an unknown kind in a fractal heap")
    offset = heap.file.number(name, 1, heap.offset_bytes)
    length = heap.file.number(name, 1 + heap.offset_bytes, heap.length_bytes)
    heap.file.budget.spend_bytes(length)
    start, base = _block(heap, heap.root, heap.rows, 0, offset, 0)
    return heap.file.take(start + offset - base, length)


def _huge_object(heap: FractalHeap, key: int) -> bytes:
    """An object too large for a block: a tree of its own says where in the file it lies (section III.A.2.b)."""
    file = heap.file
    for record in _records(file, heap.huge_tree, HUGE):
        address = file.number(record, 0, file.offset_size)
        length = file.number(record, file.offset_size, file.length_size)
        if file.number(record, file.offset_size + file.length_size, file.length_size) == key:
            file.budget.spend_bytes(length)
            return file.take(address, length)
    raise UnreadableError("a huge object that is in no tree")


def _block(heap: FractalHeap, address: int, rows: int, base: int, offset: int, depth: int) -> tuple[int, int]:
    """Address and heap offset of the direct block that holds `offset`."""
    if rows == 0:
        return address, base
    if depth > 16 or heap.width == 0 or heap.first == 0:
        raise UnreadableError("a fractal heap is nested too deeply")
    slot = address + heap.block_head
    for row in range(rows):
        size = heap.row_size(row)
        for _ in range(heap.width):
            if base <= offset < base + size:
                child = heap.file.number(heap.file.take(slot, heap.file.offset_size), 0, heap.file.offset_size)
                inner = 0 if size <= heap.largest_direct else _rows_of(heap, size)
                return _block(heap, child, inner, base, offset, depth + 1)
            base += size
            slot += heap.file.offset_size
    raise UnreadableError("an object lies outside of its fractal heap")


def _rows_of(heap: FractalHeap, size: int) -> int:
    """How many rows an indirect block of that size covers."""
    return (size // heap.width).bit_length() - heap.first.bit_length() + 1


def _records(file: Hdf5File, address: int, wanted: int) -> Iterator[bytes]:
    head = file.take(address, 16)
    if head[:4] != b"BTHD":
        raise UnreadableError(f"no tree at byte {address}")
    kind, node_size = head[5], file.number(head, 6, 4)
    record_size, depth = file.number(head, 10, 2), file.number(head, 12, 2)
    if kind != wanted or record_size == 0 or depth > 16:
        raise UnreadableError(f"a tree of records of kind {kind}")
    root = file.take(address + 16, file.offset_size + 2)
    where, count = file.number(root, 0, file.offset_size), file.number(root, file.offset_size, 2)
    if count:
        yield from _node(file, where, count, record_size, node_size, depth)


def _node(file: Hdf5File, address: int, count: int, size: int, node_size: int, depth: int) -> Iterator[bytes]:
    """The records of a node and of all below it; widths as in the library's H5B2hdr.c."""
    file.budget.check_time()
    data = file.take(address, node_size)
    body = 6
    if count * size + body > len(data):
        raise UnreadableError("a tree node holds more records than fit")
    for index in range(count):
        file.budget.spend_member()
        yield data[body + index * size : body + (index + 1) * size]
    if depth == 0:
        return
    counts, totals = _widths(file, size, node_size, depth)
    at = body + count * size
    for _ in range(count + 1):
        child = file.number(data, at, file.offset_size)
        inner = file.number(data, at + file.offset_size, counts[depth - 1])
        yield from _node(file, child, inner, size, node_size, depth - 1)
        at += file.offset_size + counts[depth - 1] + (totals[depth - 1] if depth > 1 else 0)


def _widths(file: Hdf5File, size: int, node_size: int, depth: int) -> tuple[list[int], list[int]]:
    """Bytes for a child's own and for its total number of records, by the child's depth."""
    most = [(node_size - 10) // size]
    total = [most[0]]
    own = (most[0].bit_length() + 7) // 8
    widths = [0]
    for level in range(1, depth + 1):
        pointer = file.offset_size + own + widths[level - 1]
        most.append((node_size - 10 - pointer) // (size + pointer))
        total.append((most[level] + 1) * total[level - 1] + most[level])
        widths.append((total[level].bit_length() + 7) // 8)
    return [own] * (depth + 1), widths
