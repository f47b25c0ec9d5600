"""Two tensors byte by byte, a block at a time: equal, or in how many rows they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from ossmodelkit.core.source import Source
from ossmodelkit.formats.tensors import Tensor
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.scanning.against.changes import Change, Kind

BLOCK = 4 * 1024 * 1024
MOST_ROWS = 4_000_000
HALF = 2
SHOWN_ROWS = 8

Advance = Callable[[float], None]


class Files:
    """The files of one side, opened when they are first needed. Mutable by nature."""

    def __init__(self, source: Source, opened: ExitStack) -> None:
        self._source = source
        self._opened = opened
        self._streams: dict[str, BinaryIO] = {}

    def stream(self, name: str) -> BinaryIO:
        """The open file."""
        if name not in self._streams:
            self._streams[name] = self._opened.enter_context(self._source.open(name))
        return self._streams[name]

    def blocks(self, tensor: Tensor, size: int, block: int) -> Iterator[bytes]:
        """The first `size` bytes of a tensor.

        Raises `UnreadableError` when the file ends before.
        """
        stream, at, end = self.stream(tensor.file), tensor.offset, tensor.offset + size
        while at < end:
            stream.seek(at)
            wanted = min(block, end - at)
            data = stream.read(wanted)
            if len(data) != wanted:
                raise UnreadableError(f"{tensor.file} ends before {tensor.name!r} does")
            at += len(data)
            yield data


def compare(
    name: str, base: Tensor | None, tuned: Tensor | None, files: tuple[Files, Files], advance: Advance
) -> Change:
    """What became of one tensor."""
    kind = kind_of(base, tuned)
    if base is None or tuned is None or kind is Kind.RESHAPED or base.dtype != tuned.dtype:
        advance((tuned or base).size if tuned or base else 0)  # type: ignore[union-attr]
        return Change(name=name, kind=kind, base=base, tuned=tuned)
    common = min(base.size, tuned.size)
    rows = min(base.shape[0], tuned.shape[0]) if _has_rows(base) else 1
    if rows == 0 or common % rows:
        rows = 1
    width = common // rows
    changed, first = _rows_changed(base, tuned, common, width, files, advance)
    if kind is Kind.SAME and changed:
        kind = Kind.CHANGED
    return Change(name=name, kind=kind, base=base, tuned=tuned, rows=rows, rows_changed=changed, first_rows=first)


def kind_of(base: Tensor | None, tuned: Tensor | None) -> Kind:
    """What the tables alone tell; `SAME` where only the bytes can tell more."""
    if base is None:
        return Kind.ADDED
    if tuned is None:
        return Kind.MISSING
    if base.shape != tuned.shape:
        alike = not base.strides and not tuned.strides
        grown = 0 < len(base.shape) == len(tuned.shape) and base.shape[1:] == tuned.shape[1:]
        return Kind.RESIZED if alike and grown and base.elements and tuned.elements else Kind.RESHAPED
    if base.dtype != tuned.dtype:
        return Kind.RETYPED
    return Kind.SAME if base.strides == tuned.strides else Kind.UNREAD


def _has_rows(tensor: Tensor) -> bool:
    return len(tensor.shape) >= HALF and not tensor.strides and 0 < tensor.shape[0] <= MOST_ROWS


def equal(one: Tensor, other: Tensor, files: Files) -> bool:
    """Whether two tensors of one side hold the same bytes."""
    alike = (one.shape, one.dtype, one.strides) == (other.shape, other.dtype, other.strides)
    pairs = zip(files.blocks(one, one.size, BLOCK), files.blocks(other, one.size, BLOCK), strict=True)
    return alike and all(left == right for left, right in pairs)


def _rows_changed(
    base: Tensor, tuned: Tensor, size: int, width: int, files: tuple[Files, Files], advance: Advance
) -> tuple[int, tuple[int, ...]]:
    """How many rows of `width` bytes differ in the first `size` bytes, and the numbers of the first of them."""
    if not width:
        return 0, ()
    block = BLOCK // width * width or BLOCK
    changed, at = 0, 0
    first: list[int] = []
    for one, other in zip(files[0].blocks(base, size, block), files[1].blocks(tuned, size, block), strict=True):
        if one != other and width > BLOCK:
            changed += [at // width] != first[-1:]
            first = [*first, at // width] if [at // width] != first[-1:] else first
        elif one != other:
            changed += _differing(one, other, width, at // width, first)
        at += len(other)
        advance(len(other))
    return changed, tuple(first[:SHOWN_ROWS])


def _differing(one: bytes, other: bytes, width: int, number: int, first: list[int]) -> int:
    """How many rows differ between two blocks that do: halves that are equal are passed over at once."""
    rows = len(other) // width
    if rows <= HALF * 4:
        found = [at for at in range(rows) if one[at * width : (at + 1) * width] != other[at * width : (at + 1) * width]]
        if len(first) < SHOWN_ROWS:
            first.extend(number + at for at in found)
        return len(found)
    half = rows // HALF
    middle = half * width
    halves = ((one[:middle], other[:middle], number), (one[middle:], other[middle:], number + half))
    return sum(_differing(left, right, width, start, first) for left, right, start in halves if left != right)
