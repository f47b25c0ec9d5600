"""The torch format before zip: five pickles in a row, then the bytes of every storage.

Source: `torch/serialization.py`, `_legacy_save`: magic number, protocol version, system info, the object,
the storage keys; then for each key eight bytes with the number of items, and the items.
"""

from __future__ import annotations

from ossmodelkit.formats.pickle_events import Supplied
from ossmodelkit.formats.pickle_values import Global, Value
from ossmodelkit.formats.pickles import Pickle
from ossmodelkit.formats.tape import Tape

MAGIC = 0x1950A86A20F9469CFC6C
PICKLES = 5
OBJECT = 3
ITEM_BYTES = {
    **dict.fromkeys(("Char", "Byte", "Bool", "QInt8", "QUInt8", "QUInt4x2", "QUInt2x4", "Untyped"), 1),
    **dict.fromkeys(("Half", "BFloat16", "Short"), 2),
    **dict.fromkeys(("Float", "Int", "QInt32"), 4),
    **dict.fromkeys(("Double", "Long", "ComplexFloat"), 8),
    "ComplexDouble": 16,
}


def begins(row: list[Pickle]) -> bool:
    """Whether the first pickle is torch's magic number, or a call that may give it back."""
    value = row[0].value
    return value == MAGIC if isinstance(value, int) else bool(row[0].events)


def is_complete(row: list[Pickle]) -> bool:
    """Whether the pickles of an old torch file are all there, so that storages follow."""
    return len(row) == PICKLES and begins(row)


def behind_storages(row: list[Pickle], tape: Tape) -> int:
    """Where the storages that the object names end; the end of the pickles when they do not fit."""
    sizes: dict[str, int] = {}
    for event in row[OBJECT].events:
        if isinstance(event, Supplied) and (storage := storage_of(event.ident)):
            sizes[storage[0]] = storage[1]
    end = row[-1].end + sum(8 + size for size in sizes.values())
    return end if sizes and end <= tape.size else row[-1].end


def storage_of(ident: Value) -> tuple[str, int] | None:
    """Key and bytes of the storage that a persistent id of torch names."""
    if not isinstance(ident, tuple) or len(ident) < 5 or ident[0] != "storage" or not isinstance(ident[1], Global):
        return None
    size = ITEM_BYTES.get(ident[1].name.removesuffix("Storage"))
    if size is None or not isinstance(ident[4], int) or ident[4] < 0:
        return None
    return str(ident[2]), size * ident[4]
