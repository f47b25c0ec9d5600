"""HDF5 as a loader meets it: links and storage that leave the file, Keras configurations, pickles.

The groups are walked with a reader of our own (`hdf5_structure`), so the verdict is the same with
and without h5py, and no link is ever followed out of the file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats import hdf5_dense as dense
from ossmodelkit.formats import hdf5_structure as h5
from ossmodelkit.formats.hdf5_values import (
    INTEGER,
    OPAQUE,
    STRING,
    Type,
    attribute,
    begins_pickle,
    shape_in,
    type_in,
)
from ossmodelkit.formats.media_ends import behind_byte
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

COMPACT, CONTIGUOUS, VIRTUAL = 0, 1, 3
VIRTUAL_SAME_FILE = 4
MOST_EXPANSION = 4096  # declared bytes per byte of file, above which a shape is a bomb
LEAST_BOMB = 1 << 30
NO_TYPE = Type(-1, 0, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdf5Outside:
    """Something in an HDF5 file that makes the library open another file."""

    at: Place
    path: str
    kind: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdf5:
    """How much an HDF5 file holds, and the shapes that promise more than it can."""

    at: Place
    objects: int
    bombs: tuple[str, ...] = ()
    cut: str = ""


@dataclass(slots=True)
class _Walk:
    """What was met so far. Mutable by nature."""

    blob: Blob
    file: h5.Hdf5File
    seen: set[int] = field(default_factory=set)
    bombs: list[str] = field(default_factory=list)
    rows_of_objects: bool = False


@dataclass(slots=True)
class _Parts:
    """What the messages of a dataset say together. Mutable by nature."""

    shape: tuple[int, ...] = ()
    kind: Type = NO_TYPE
    layout: bytes = b""


def accepts(blob: Blob) -> bool:
    """The signature at 0, 512, 1024, … as the library looks for it."""
    return h5.find_start(Span(blob)) >= 0


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """Everything that leaves the file, what its attributes configure, then one `Hdf5` view."""
    file = h5.open_file(Span(blob), budget)
    walk = _Walk(blob=blob, file=file)
    todo = [("", file.root)]
    while todo:
        path, address = todo.pop()
        if address in walk.seen:
            continue
        walk.seen.add(address)
        budget.spend_member()
        for item in _object(walk, path or "/", address):
            if not isinstance(item, h5.Link):
                yield item
            elif item.kind:
                if item.kind == h5.EXTERNAL:
                    yield Hdf5Outside(at=blob.at, path=f"{path}/{item.name}", kind="external link", target=item.target)
            else:
                todo.append((f"{path}/{item.name}", item.address))
    if walk.rows_of_objects:
        yield from _pickled_rows(walk)
    cut = f"ends at byte {blob.size}, its head says {file.end}" if file.end > blob.size else ""
    yield from behind_byte(blob, file.end)
    yield Hdf5(at=blob.at, objects=len(walk.seen), bombs=tuple(walk.bombs), cut=cut)


def _object(walk: _Walk, path: str, address: int) -> Iterator[object]:
    """One object, message by message: what is broken in one is a gap, and a loader may never look at it."""
    parts = _Parts()
    for message in h5.messages(walk.file, address):
        yield from _as_gaps(walk, path, _message(walk, path, message, parts))
    if parts.layout:
        yield from _as_gaps(walk, path, _dataset(walk, path, parts.shape, parts.kind, parts.layout))


def _as_gaps(walk: _Walk, path: str, found: Iterator[object]) -> Iterator[object]:
    """What is found, up to where it is broken."""
    try:
        yield from found
    except UnreadableError as error:
        yield Gap(at=walk.blob.at, reason=f"{path}: {error.message}", remedy=error.hint)


def _message(walk: _Walk, path: str, message: h5.HeaderMessage, parts: _Parts) -> Iterator[object]:
    file, data = walk.file, message.data
    shared = bool(message.flags & h5.SHARED)
    if shared and message.kind in (h5.ATTRIBUTE, h5.DATASPACE):
        yield Gap(at=walk.blob.at, reason=f"{path} keeps an attribute or a shape in a shared table, which is not read")
    elif message.kind == h5.SYMBOLS:
        yield from h5.old_links(file, data)
    elif message.kind == h5.LINK:
        yield h5.new_link(file, data)
    elif message.kind == h5.LINK_INFO:
        yield from (h5.new_link(file, found) for found in _dense(file, data, 8, dense.LINK_NAMES))
    elif message.kind == h5.ATTRIBUTE:
        yield from _attribute(walk, path, data)
    elif message.kind == h5.ATTRIBUTE_INFO:
        for found in _dense(file, data, 2, dense.ATTRIBUTE_NAMES):
            yield from _attribute(walk, path, found)
    elif message.kind == h5.EXTERNAL_FILES:
        yield from _external_files(walk, path, data)
    elif message.kind == h5.DATASPACE:
        parts.shape = shape_in(file, data)
    elif message.kind == h5.DATATYPE:
        parts.kind = type_in(file, data, shared=shared)
    elif message.kind == h5.LAYOUT:
        parts.layout = data


def _attribute(walk: _Walk, path: str, data: bytes) -> Iterator[object]:
    for found in attribute(walk.file, walk.blob.at, path, data):
        # PyTables marks so what it pickles row by row: pandas keeps columns of objects there.
        walk.rows_of_objects = walk.rows_of_objects or found == b"object"
        if not isinstance(found, bytes):
            yield found


def _pickled_rows(walk: _Walk) -> Iterator[Blob]:
    """Everything of variable length that begins like a pickle, wherever its row lies."""
    at = Place(path=walk.blob.at.path, members=(*walk.blob.at.members, "rows of objects"))
    for value in h5.every_global_object(walk.file):
        if begins_pickle(value):
            yield Blob(at=at, stream=io.BytesIO(value), size=len(value))


def _dense(file: h5.Hdf5File, data: bytes, index_width: int, record: int) -> Iterator[bytes]:
    """Messages in dense storage: flags, an index that may be there, then heap and tree."""
    at = 2 + (index_width if file.number(data, 1, 1) & 1 else 0)
    heap = file.number(data, at, file.offset_size)
    tree = file.number(data, at + file.offset_size, file.offset_size)
    if file.is_defined(heap) and file.is_defined(tree):
        yield from dense.objects(file, heap, tree, record)


def _external_files(walk: _Walk, path: str, data: bytes) -> Iterator[Hdf5Outside]:
    file = walk.file
    used = file.number(data, 6, 2)
    heap = h5.local_heap_at(file, file.number(data, 8, file.offset_size))
    for index in range(used):
        at = 8 + file.offset_size + index * 3 * file.length_size
        name = h5.heap_text(heap, file.number(data, at, file.length_size))
        yield Hdf5Outside(at=walk.blob.at, path=path, kind="external storage", target=name)


def _dataset(walk: _Walk, path: str, shape: tuple[int, ...], kind: Type, layout: bytes) -> Iterator[object]:
    file = walk.file
    version = file.number(layout, 0, 1)
    storage = file.number(layout, 2 if version < 3 else 1, 1)
    declared = prod(shape) * kind.size
    if version >= 4 and storage == VIRTUAL and (target := _virtual(file, layout)) != ".":
        yield Hdf5Outside(at=walk.blob.at, path=path, kind="virtual dataset", target=target)
    elif declared > max(LEAST_BOMB, walk.file.span.size * MOST_EXPANSION):
        walk.bombs.append(f"{path}: {shape} of {kind.size} bytes each")
    if kind.kind in (STRING, OPAQUE) or (kind.kind == INTEGER and kind.size == 1):
        yield from _bytes_dataset(walk, path, version, storage, layout, declared)


def _bytes_dataset(
    walk: _Walk, path: str, version: int, storage: int, layout: bytes, declared: int
) -> Iterator[object]:
    """A dataset of plain bytes that begins like a pickle is handed on as one."""
    file = walk.file
    where = Place(path=walk.blob.at.path, members=(*walk.blob.at.members, path))
    if version < 3 or not 0 < declared <= 64 << 20:
        return
    value = b""
    if storage == COMPACT:
        value = layout[4 : 4 + file.number(layout, 2, 2)]
    elif storage == CONTIGUOUS and file.is_defined(file.number(layout, 2, file.offset_size)):
        address = file.number(layout, 2, file.offset_size)
        if file.take(address, 1) == b"\x80":
            file.budget.spend_bytes(declared)
            value = file.take(address, declared)
    if begins_pickle(value):
        yield Blob(at=where, stream=io.BytesIO(value), size=len(value))


def _virtual(file: h5.Hdf5File, layout: bytes) -> str:
    """The first file that a virtual dataset draws from; `.` is the file itself, where it is the only one."""
    heap = file.number(layout, 2, file.offset_size)
    try:
        found = h5.global_object(file, heap, file.number(layout, 2 + file.offset_size, 4))
    except UnreadableError:
        return "?"
    version, count = found[:1], file.number(found, 1, file.length_size)
    rest = found[1 + file.length_size :]
    if version != b"\0" and rest[:1]:  # since HDF5 2.0 a byte of flags comes first
        rest = b".\0" if rest[0] & VIRTUAL_SAME_FILE else rest[1:]
    name = rest.split(b"\0", 1)[0].decode("utf-8", "replace")
    return name if count == 1 or name != "." else "? (several sources)"


READER = Reader(name="hdf5", accepts=accepts, read=read)
