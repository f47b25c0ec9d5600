"""Types, shapes and the values of attributes in HDF5: texts and bytes, also of variable length.

HDF5 File Format Specification 3.0, section IV.A.2: shared messages, b (dataspace), d (datatype) and m (attribute).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats import hdf5_structure as h5
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.json_documents import meaning
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.errors import UnreadableError

STRING, OPAQUE, VARIABLE, INTEGER = 3, 5, 9, 0
MOST_VALUES = 65536
LONGEST_MARK = 16


@dataclass(frozen=True, slots=True)
class Type:
    """Class, size of an element in bytes, and whether it is a text of variable length."""

    kind: int
    size: int
    text: bool


def type_in(file: h5.Hdf5File, data: bytes, *, shared: bool = False) -> Type:
    """A datatype message; a shared one stands in the header of a named type."""
    if shared:
        data = _committed(file, data)
    if len(data) < 8:
        raise UnreadableError("a type of fewer than eight bytes")
    kind = data[0] & 0x0F
    return Type(kind, int.from_bytes(data[4:8], "little"), kind == VARIABLE and data[1] & 0x0F == 1)


def _committed(file: h5.Hdf5File, data: bytes) -> bytes:
    if len(data) < 2:
        raise UnreadableError("a reference to a type of fewer than two bytes")
    version, place = data[0], data[1]
    if version == 3 and place == 1:
        raise UnreadableError("a type that is kept in a shared table is not read")
    address = file.number(data, 8 if version == 1 else 2, file.offset_size)
    for message in h5.messages(file, address):
        if message.kind == h5.DATATYPE and not message.flags & h5.SHARED:
            return message.data
    raise UnreadableError(f"no type at byte {address}")


def shape_in(file: h5.Hdf5File, data: bytes) -> tuple[int, ...]:
    """A dataspace message."""
    if len(data) < 2:
        raise UnreadableError("a shape of fewer than two bytes")
    version, rank = data[0], data[1]
    at = 8 if version == 1 else 4
    return tuple(file.number(data, at + i * file.length_size, file.length_size) for i in range(rank))


def attribute(file: h5.Hdf5File, at: Place, path: str, data: bytes) -> Iterator[object]:
    """What the texts and bytes of an attribute say; the mark of PyTables' pickled rows as bytes."""
    sizes = [file.number(data, start, 2) for start in (2, 4, 6)]
    version = data[0]
    start = 9 if version == 3 else 8
    parts = []
    for size in sizes:
        parts.append(data[start : start + size])
        start += -(-size // 8) * 8 if version == 1 else size
    name = parts[0].rstrip(b"\0").decode("utf-8", "replace")
    where = Place(path=at.path, members=(*at.members, f"{path}@{name}"))
    if version > 1 and data[1] & 2:
        yield Gap(at=where, reason="an attribute whose shape is kept in a shared table")
        return
    kind, count = type_in(file, parts[1], shared=version > 1 and bool(data[1] & 1)), prod(shape_in(file, parts[2]))
    for value in _values(file, kind, min(count, MOST_VALUES), data[start:]):
        if name == "PSEUDOATOM" and len(value) < LONGEST_MARK:
            yield value
        yield from _value(file, where, value)


def _values(file: h5.Hdf5File, kind: Type, count: int, data: bytes) -> Iterator[bytes]:
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


def _value(file: h5.Hdf5File, where: Place, value: bytes) -> Iterator[object]:
    if value[:1] in (b"{", b"["):
        try:
            parsed = strict_json.parse(value.rstrip(b"\0"))
        except UnreadableError as error:
            if value[:2] == b'{"' and "nested" in error.message:
                yield Gap(at=where, reason=error.message)
        else:
            yield from meaning(where, parsed.value, file.budget)
    if begins_pickle(value) or (value[:1] in (b"(", b"c", b"]", b"}") and value[-1:] == b"." and len(value) > 8):
        # PyTables unpickles such attributes when it opens the node.
        yield Blob(at=where, stream=io.BytesIO(value), size=len(value))


def begins_pickle(value: bytes) -> bool:
    """Whether bytes begin as pickles of protocol 2 and later do."""
    return value[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
