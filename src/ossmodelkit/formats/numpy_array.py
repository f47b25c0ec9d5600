"""numpy's .npy: a header, then numbers, or a pickle where the items are objects.

Source: `numpy/lib/format.py`, versions 1.0 to 3.0. The header is a Python literal and is read as one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.expanding import inside
from ossmodelkit.formats.pickle_reader import read_on
from ossmodelkit.formats.pickles import study
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.tape import Tape
from ossmodelkit.formats.windows import window
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

OLD_NUMBER = re.compile(r"(?<=\d)L\b")  # as Python 2 wrote them
MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 1024 * 1024  # numpy itself sets no limit for arrays of objects


@dataclass(frozen=True, slots=True, kw_only=True)
class NumpyArray:
    """One array: its type as numpy writes it, and its shape."""

    at: Place
    dtype: str
    shape: tuple[int, ...]
    has_objects: bool


def accepts(blob: Blob) -> bool:
    """The magic string."""
    return blob.head(6) == MAGIC


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """Every array in the file, one behind the other."""
    at = 0
    while at < blob.size:
        budget.spend_member()
        if blob.slice(at, 6) != MAGIC:
            # numpy reads a pickle wherever no array begins, and programs load several values from one file.
            yield inside(blob, "behind the array", window(blob.stream, at, blob.size - at), blob.size - at)
            return
        header, start = _header(blob, at)
        array = _array(header, blob.at)
        yield array
        if array.has_objects:
            part = inside(blob, "objects", window(blob.stream, start, blob.size - start), blob.size - start)
            tape = Tape(part.stream, part.size)
            yield from read_on(study(tape, 0, budget, at=part.at, loader="numpy"), tape, part, budget)
            return
        count = _item_bytes(header["descr"])
        for one in array.shape:
            count *= one
        if start + count > blob.size:
            raise UnreadableError(f"array of {count} bytes in {blob.size - start}")
        at = start + count


def _header(blob: Blob, at: int) -> tuple[dict[str, Any], int]:
    major = blob.slice(at + 6, 1)
    field = 2 if major == b"\x01" else 4
    if major not in (b"\x01", b"\x02", b"\x03"):
        raise UnreadableError("array header of an unknown version")
    size = int.from_bytes(blob.slice(at + 8, field), "little")
    if size > LONGEST_HEADER:
        raise UnreadableError(f"array header of {size} bytes")
    text = blob.slice(at + 8 + field, size).decode("utf-8" if major == b"\x03" else "latin-1", "replace")
    try:
        header = ast.literal_eval(OLD_NUMBER.sub("", text.strip()))
        shape = header["shape"]
        if not isinstance(shape, tuple) or not all(isinstance(one, int) and one >= 0 for one in shape):
            raise ValueError("its shape is no tuple of numbers")
        _item_bytes(header["descr"])
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise UnreadableError(f"broken array header: {error}") from error
    return header, at + 8 + field + size


def _array(header: dict[str, Any], at: Place) -> NumpyArray:
    described = repr(header["descr"])
    return NumpyArray(at=at, dtype=described[:200], shape=header["shape"], has_objects=_has_objects(header["descr"]))


def _has_objects(described: Any) -> bool:
    if isinstance(described, str):
        return "O" in described or "object" in described
    if isinstance(described, tuple):
        return _has_objects(described[0])
    return isinstance(described, list) and any(_has_objects(one[1]) for one in described if len(one) > 1)


def _item_bytes(described: Any) -> int:
    if isinstance(described, str):
        digits = "".join(one for one in described.partition("[")[0] if one.isdigit())
        size = int(digits[:9] or 1)
        return size * (4 if "U" in described else 1)
    if isinstance(described, tuple):
        shape = described[1] if isinstance(described[1], tuple) else (described[1],)
        size = _item_bytes(described[0])
        for one in shape:
            size *= int(one)
        return size
    if isinstance(described, list):
        return sum(_item_bytes(one[1] if len(one) == 2 else (one[1], one[2])) for one in described)
    raise ValueError("its type is no text, tuple or list")


READER = Reader(name="numpy", accepts=accepts, read=read)
