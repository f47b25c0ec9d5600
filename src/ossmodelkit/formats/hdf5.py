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
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.json_documents import meaning
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

STRING, OPAQUE, VARIABLE, INTEGER = 3, 5, 9, 0
COMPACT, CONTIGUOUS, VIRTUAL = 0, 1, 3
VIRTUAL_SAME_FILE = 4
MOST_EXPANSION = 4096  # declared bytes per byte of file, above which a shape is a bomb
LEAST_BOMB = 1 << 30


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


@dataclass(frozen=True, slots=True)
class _Type:
    """Class, size of an element in bytes, and whether it is a text of variable length."""

    kind: int
    size: int
    text: bool


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
    cut = f"ends at byte {blob.size}, its head says {file.end}" if file.end > blob.size else ""
    yield Hdf5(at=blob.at, objects=len(walk.seen), bombs=tuple(walk.bombs), cut=cut)


def _object(walk: _Walk, path: str, address: int) -> Iterator[object]:
    file = walk.file
    shape: tuple[int, ...] = ()
    kind = _Type(-1, 0, False)
    layout = b""
    for message in h5.messages(file, address):
        data = message.data
        if message.flags & h5.SHARED and message.kind in (h5.DATATYPE, h5.ATTRIBUTE):
            continue
        if message.kind == h5.SYMBOLS:
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
            shape = _shape(file, data)
        elif message.kind == h5.DATATYPE:
            kind = _type(data)
        elif message.kind == h5.LAYOUT:
            layout = data
    if layout:
        yield from _dataset(walk, path, shape, kind, layout)


def _dense(file: h5.Hdf5File, data: bytes, index_width: int, record: int) -> Iterator[bytes]:
    """Messages in dense storage: flags, an index that may be there, then heap and tree."""
    at = 2 + (index_width if file.number(data, 1, 1) & 1 else 0)
    heap = file.number(data, at, file.offset_size)
    tree = file.number(data, at + file.offset_size, file.offset_size)
    if file.is_defined(heap) and file.is_defined(tree):
        yield from dense.objects(file, heap, tree, record)


def _type(data: bytes) -> _Type:
    if len(data) < 8:
        raise UnreadableError("a type of fewer than eight bytes")
    kind = data[0] & 0x0F
    return _Type(kind, int.from_bytes(data[4:8], "little"), kind == VARIABLE and data[1] & 0x0F == 1)


def _shape(file: h5.Hdf5File, data: bytes) -> tuple[int, ...]:
    if len(data) < 2:
        raise UnreadableError("a shape of fewer than two bytes")
    version, rank = data[0], data[1]
    at = 8 if version == 1 else 4
    return tuple(file.number(data, at + i * file.length_size, file.length_size) for i in range(rank))


def _attribute(walk: _Walk, path: str, data: bytes) -> Iterator[object]:
    """Name, type, shape and value of an attribute; only texts and bytes are looked into."""
    file = walk.file
    sizes = [file.number(data, at, 2) for at in (2, 4, 6)]
    version = data[0]
    if version > 1 and data[1] & 1:
        return  # its type is committed elsewhere; Keras and PyTables write none of these
    at = 9 if version == 3 else 8
    parts = []
    for size in sizes:
        parts.append(data[at : at + size])
        at += -(-size // 8) * 8 if version == 1 else size
    name = parts[0].rstrip(b"\0").decode("utf-8", "replace")
    kind, count = _type(parts[1]), prod(_shape(file, parts[2]))
    where = Place(path=walk.blob.at.path, members=(*walk.blob.at.members, f"{path}@{name}"))
    for value in _values(file, kind, min(count, 65536), data[at:]):
        yield from _value(walk, where, value)


def _values(file: h5.Hdf5File, kind: _Type, count: int, data: bytes) -> Iterator[bytes]:
    if kind.kind in (STRING, OPAQUE):
        yield from (data[i * kind.size : (i + 1) * kind.size].rstrip(b"\0") for i in range(count))
    elif kind.kind == VARIABLE:
        width = 8 + file.offset_size
        for at in range(0, min(count * width, len(data) - width + 1), width):
            length = file.number(data, at, 4)
            heap = file.number(data, at + 4, file.offset_size)
            if length and heap:
                yield h5.global_object(file, heap, file.number(data, at + 4 + file.offset_size, 4))
    elif kind.kind == INTEGER and kind.size == 1:
        yield data[:count]


def _value(walk: _Walk, where: Place, value: bytes) -> Iterator[object]:
    if value[:1] in (b"{", b"["):
        try:
            parsed = strict_json.parse(value.rstrip(b"\0"))
        except UnreadableError as error:
            if value[:2] == b'{"' and "nested" in error.message:
                yield Gap(at=where, reason=error.message)
        else:
            yield from meaning(where, parsed.value, walk.file.budget)
    if _begins_pickle(value) or (value[:1] in (b"(", b"c", b"]", b"}") and value[-1:] == b"." and len(value) > 8):
        # PyTables unpickles such attributes when it opens the node.
        yield Blob(at=where, stream=io.BytesIO(value), size=len(value))


def _begins_pickle(value: bytes) -> bool:
    return value[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def _external_files(walk: _Walk, path: str, data: bytes) -> Iterator[Hdf5Outside]:
    file = walk.file
    used = file.number(data, 6, 2)
    heap = h5.local_heap_at(file, file.number(data, 8, file.offset_size))
    for index in range(used):
        at = 8 + file.offset_size + index * 3 * file.length_size
        name = h5.heap_text(heap, file.number(data, at, file.length_size))
        yield Hdf5Outside(at=walk.blob.at, path=path, kind="external storage", target=name)


def _dataset(walk: _Walk, path: str, shape: tuple[int, ...], kind: _Type, layout: bytes) -> Iterator[object]:
    file = walk.file
    version = layout[0]
    storage = layout[2] if version < 3 else layout[1]
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
    if _begins_pickle(value):
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
