"""The tensors of a torch checkpoint, found by following its pickle; nothing is unpickled.

`_rebuild_tensor_v2(storage, offset, size, stride, …)` says which elements of which storage a tensor is, and
a storage is a member of the zip (`data/KEY`) or a run of bytes behind the pickles (before torch 1.6).
Source: `torch/serialization.py`, `torch/_utils.py` (1.6 to 2.13).
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

from ossmodelkit.formats.pickle_cursor import BrokenStreamError
from ossmodelkit.formats.pickle_machine import Machine
from ossmodelkit.formats.pickle_values import Box, Foreign, Global, Result, Value
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.safetensors import BITS
from ossmodelkit.formats.tape import Tape
from ossmodelkit.formats.tensors import Tensor
from ossmodelkit.formats.torch_legacy import ITEM_BYTES, MAGIC, OBJECT, PICKLES
from ossmodelkit.formats.zip_archive import Member, contents, directory
from ossmodelkit.formats.zip_locals import LOCAL
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

DTYPES = {
    "Float": "F32", "Half": "F16", "BFloat16": "BF16", "Double": "F64", "Long": "I64", "Int": "I32", "Short": "I16",
    "Char": "I8", "Byte": "U8", "Bool": "BOOL", "ComplexFloat": "C64",
    "float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL", "complex64": "C64", "uint16": "U16", "uint32": "U32",
    "uint64": "U64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
}  # fmt: skip
# What a checkpoint calls the weights when it keeps other things beside them.
WRAPPERS = ("state_dict", "model_state_dict", "model", "module")
PARTS = ("_parameters", "_buffers", "_modules")
DEEPEST = 40
Place = Callable[[str], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Object:
    """What a pickle gives back, and everything that was put into each container while it was made."""

    value: Value
    held: dict[int, list[Value]]
    budget: Budget

    def items(self, of: Value) -> list[Value]:
        """What a container holds, keys and values in turn."""
        return self.held.get(id(of), list(of) if isinstance(of, Box) else [])

    def pairs(self, of: Value) -> list[tuple[Value, Value]]:
        """Keys and values of a dict."""
        items = self.items(of)
        return list(zip(items[::2], items[1::2], strict=False))


def table(blob: Blob, budget: Budget) -> Iterator[Tensor]:
    """Every tensor that the checkpoint's object reaches by name.

    Raises `UnreadableError` where the file is no checkpoint, or keeps tensors in a way that is not known here.
    """
    made, place = _zipped(blob, budget) if blob.head(4) == LOCAL else _in_a_row(blob, budget)
    for name, value in _unwrapped(made):
        yield _tensor(name, value, blob, place)


def _zipped(blob: Blob, budget: Budget) -> tuple[_Object, Place]:
    archive = directory(blob, blob.size, budget)
    objects = [one for one in archive.members if one.name.rpartition("/")[2] == "data.pkl"]
    if len(objects) != 1:
        raise UnreadableError(f"a zip with {len(objects)} torch objects", hint="only checkpoints are compared")
    root = objects[0].name.removesuffix("data.pkl")
    members = {one.name: one for one in archive.members}
    _refuse_big_endian(blob, members.get(f"{root}byteorder"))

    def place(key: str) -> tuple[int, int]:
        member = members.get(f"{root}data/{key}")
        if member is None:
            raise UnreadableError(f"storage {key!r} is missing")
        if member.method != zipfile.ZIP_STORED:
            raise UnreadableError(f"storage {key!r} is compressed", hint="save the checkpoint again with torch")
        return member.offset, member.stored

    stream, size = contents(blob, objects[0], budget)
    with stream:
        return _run(Tape(stream, size), 0, budget)[0], place


def _refuse_big_endian(blob: Blob, member: Member | None) -> None:
    if member is not None and blob.slice(member.offset, 3) == b"big":
        raise UnreadableError("a checkpoint of a big-endian machine")


def _in_a_row(blob: Blob, budget: Budget) -> tuple[_Object, Place]:
    """The format before zip: five pickles, then each storage behind its number of elements."""
    tape, at = Tape(blob.stream, blob.size), 0
    row: list[_Object] = []
    while len(row) < PICKLES:
        made, at = _run(tape, at, budget)
        row.append(made)
        if row[0].value != MAGIC:
            raise UnreadableError("a pickle, and no torch checkpoint", hint="only checkpoints are compared")
    keys = row[-1].items(row[-1].value)
    widths = _widths(row[OBJECT])
    places: dict[str, tuple[int, int]] = {}
    for key in map(str, keys):
        size = int.from_bytes(tape.read(at, 8), "little") * widths.get(key, 0)
        if key not in widths or at + 8 + size > blob.size:
            raise UnreadableError(f"storage {key[:40]!r} reaches beyond the end of the file")
        places[key] = (at + 8, size)
        at += 8 + size

    def place(key: str) -> tuple[int, int]:
        if key not in places:
            raise UnreadableError(f"storage {key[:40]!r} is missing")
        return places[key]

    return row[OBJECT], place


def _widths(made: _Object) -> dict[str, int]:
    """Bytes of one element, by storage."""
    found: dict[str, int] = {}
    for _, value in _unwrapped(made):
        storage = _storage(value.args[0])
        found[storage[0]] = ITEM_BYTES.get(storage[1], 1)
    return found


def _run(tape: Tape, start: int, budget: Budget) -> tuple[_Object, int]:
    held: dict[int, list[Value]] = {}
    kept: list[Value] = []  # an id is a name only while what it names lives

    def take(target: Value, items: list[Value]) -> None:
        if id(target) not in held:
            kept.append(target)
        budget.spend_member()
        held.setdefault(id(target), []).extend(items)

    machine = Machine(tape, start, budget, lambda event: None)
    machine.taken = take
    try:
        end = machine.run()
    except BrokenStreamError as error:
        raise UnreadableError(f"the pickle breaks off: {error.message}") from error
    return _Object(machine.value, held, budget), end


def _unwrapped(made: _Object) -> list[tuple[str, Result]]:
    """Tensors by name; of a checkpoint that keeps more than weights, the weights."""
    for key, value in made.pairs(made.value):
        if key in WRAPPERS and (inner := list(_walk(made, value, "", DEEPEST))):
            return inner
    return list(_walk(made, made.value, "", DEEPEST))


def _walk(made: _Object, value: Value, name: str, depth: int) -> Iterator[tuple[str, Result]]:
    made.budget.spend_member()  # one dict may stand in many places of another
    if depth == 0:
        raise UnreadableError("the object is nested deeper than the limit allows")
    if isinstance(value, Result) and _called(value).startswith("_rebuild_"):
        yield name, _bare(value)
        return
    for key, inner in made.pairs(value):
        if isinstance(key, (str, int)) and isinstance(inner, (Box, Result)):
            yield from _walk(made, inner, f"{name}.{key}" if name else str(key), depth - 1)
    if isinstance(value, Result):  # a module: its tensors and its parts lie in dicts among its attributes
        for key, inner in made.pairs(value.state):
            if key in PARTS:
                yield from _walk(made, inner, name, depth - 1)


def _called(value: Result) -> str:
    return value.callable.name if isinstance(value.callable, Global) else ""


def _bare(value: Result) -> Result:
    """The tensor inside a parameter."""
    while _called(value).startswith("_rebuild_parameter") and value.args and isinstance(value.args[0], Result):
        value = value.args[0]
    if _called(value) not in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3") or len(value.args) < 4:
        raise UnreadableError(f"a tensor of a kind that is not known here: {_called(value)[:60]}")
    return value


def _storage(value: Value) -> tuple[str, str]:
    """Key and kind of the storage a tensor lies in."""
    ident = value.ident if isinstance(value, Foreign) else None
    if not isinstance(ident, tuple) or len(ident) < 5 or ident[0] != "storage" or not isinstance(ident[1], Global):
        raise UnreadableError("a tensor without a storage")
    return str(ident[2]), ident[1].name.removesuffix("Storage")


def _tensor(name: str, value: Result, blob: Blob, place: Place) -> Tensor:
    key, kind = _storage(value.args[0])
    if _called(value) == "_rebuild_tensor_v3" and len(value.args) > 6 and isinstance(value.args[6], Global):
        kind = value.args[6].name
    dtype = DTYPES.get(kind)
    if dtype is None:
        raise UnreadableError(f"tensor {name!r} has the unknown type {kind[:40]!r}")
    first, shape, strides = value.args[1:4]
    if not (_whole((first,)) and _whole(shape) and _whole(strides) and len(shape) == len(strides)):
        raise UnreadableError(f"tensor {name!r} has no plain shape")
    width = BITS[dtype] // 8
    start, room = place(key)
    ordered = _is_in_order(shape, strides)
    far = sum((side - 1) * step for side, step in zip(shape, strides, strict=True))
    reach = prod(shape) if ordered or not prod(shape) else 1 + far
    if (first + reach) * width > room:
        raise UnreadableError(f"tensor {name!r} reaches beyond its storage")
    return Tensor(
        name=name,
        dtype=dtype,
        shape=shape,
        file=blob.at.path,
        offset=start + first * width,
        size=reach * width,
        strides=() if ordered else strides,
    )


def _whole(numbers: Value) -> bool:
    return isinstance(numbers, tuple) and all(type(one) is int and 0 <= one < 1 << 48 for one in numbers)


def _is_in_order(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether the elements lie in the order of the shape; the step of a side of one says nothing."""
    step = 1
    for side, stride in zip(reversed(shape), reversed(strides), strict=True):
        if side > 1 and stride != step:
            return False
        step *= side
    return True
