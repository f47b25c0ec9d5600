"""The torch format of 2016: a tar with `sys_info`, `pickle`, `storages` and `tensors`.

Source: `torch/serialization.py`, `legacy_load`. `storages` and `tensors` are pickles with numbers between
them: a count, then for each a pickle and its raw part.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Protocol

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats.expanding import inside
from ossmodelkit.formats.pickle_values import Global, Value
from ossmodelkit.formats.pickles import gap_of, nested_blobs, study
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.tape import Tape
from ossmodelkit.formats.torch_legacy import ITEM_BYTES
from ossmodelkit.formats.windows import window
from ossmodelkit.foundation.limits import Budget

NEEDED = ("pickle", "storages", "tensors")
MOST = 1_000_000


class Part(Protocol):
    """Where a member lies."""

    @property
    def offset(self) -> int:
        """Its first byte in the archive."""

    @property
    def size(self) -> int:
        """Its length in bytes."""


def read_objects(members: Mapping[str, Part], blob: Blob, budget: Budget) -> Generator[object, None, frozenset[str]]:
    """Views of the parts with numbers in them; gives back which members were read."""
    if not all(name in members for name in NEEDED):
        return frozenset()
    for name, raw in (("storages", _storage_bytes), ("tensors", _tensor_bytes)):
        part = members[name]
        inner = inside(blob, name, window(blob.stream, part.offset, part.size), part.size)
        yield from _read_part(inner, raw, budget)
    return frozenset({"storages", "tensors"})


def _read_part(blob: Blob, raw: Callable[[Tape, int, Value], int], budget: Budget) -> Iterator[object]:
    tape = Tape(blob.stream, blob.size)
    at, left = 0, 1
    first = True
    while left > 0 and at < blob.size:
        budget.spend_member()
        pickle = study(tape, at, budget, at=blob.at, loader="torch")
        yield pickle
        yield from nested_blobs(pickle, blob)
        yield from gap_of(pickle)
        if pickle.broken:
            return
        at = pickle.end
        if first:
            left = pickle.value if isinstance(pickle.value, int) and pickle.value < MOST else 0
        else:
            left -= 1
            at += raw(tape, at, pickle.value)
        first = False
    # After the storages comes one more pickle, the list of views on them.
    if at < blob.size:
        last = study(tape, at, budget, at=blob.at, loader="torch")
        if last.broken and not last.events:
            yield Gap(at=last.place(at), reason=f"{blob.size - at} bytes are left over")
            return
        yield last
        yield from gap_of(last)


def _storage_bytes(tape: Tape, at: int, args: Value) -> int:
    count = int.from_bytes(tape.read(at, 8), "little")
    kind = args[2] if isinstance(args, tuple) and len(args) > 2 else None
    name = kind.name.removesuffix("Storage") if isinstance(kind, Global) else ""
    return 8 + count * ITEM_BYTES.get(name, 1)


def _tensor_bytes(tape: Tape, at: int, _: Value) -> int:
    dimensions = int.from_bytes(tape.read(at, 4), "little")
    return 8 + 16 * dimensions + 8
