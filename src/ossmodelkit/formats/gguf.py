"""A GGUF file judged from its metadata and tensor table; no tensor is read.

Layout (ggml, docs/gguf.md): magic, u32 version, counts, key-value pairs, tensor infos, then aligned
data. Version 1 counts in 32 bits, 2 and 3 in 64; the byte order follows the version field.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.span import Span
from ossmodelkit.formats.templates import ChatTemplate
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
LONGEST_TEXT = 16 * 1024 * 1024
MOST_DIMENSIONS = 4  # GGML_MAX_DIMS
LONGEST_NAME = 63  # GGML_MAX_NAME, without its end
UNKNOWN_END = -1  # retired and future types: such a tensor only has to begin inside the file
# ggml type -> (elements per block, bytes per block), from ggml.h and gguf-py's GGML_QUANT_SIZES.
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Gguf:
    """What the head of a GGUF file says, and every rule it breaks."""

    at: Place
    version: int
    tensors: int
    texts: tuple[tuple[str, str], ...] = ()
    defects: tuple[tuple[str, int], ...] = ()
    hidden_bytes: int = 0


@dataclass(slots=True)
class Walk:
    """Where the reader stands in the file. Mutable by nature."""

    span: Span
    order: str
    wide: str
    budget: Budget
    at: int = 8
    defects: list[tuple[str, int]] = field(default_factory=list)

    def number(self, layout: str) -> Any:
        """The next scalar."""
        (value,) = self.span.unpack(self.order + layout, self.at)
        self.at += struct.calcsize("<" + layout)
        return value

    def count(self, what: str, least: int) -> int:
        """The next count of things that take `least` bytes each; more than the file holds is refused."""
        start, count = self.at, int(self.number(self.wide))
        if count * least > self.span.size - self.at:
            raise UnreadableError(f"{what}: {count} announced at byte {start}, more than the file can hold")
        return count

    def text(self) -> str:
        """The next string."""
        length = self.count("text", 1)
        if length > LONGEST_TEXT:
            raise UnreadableError(f"a text of {length} bytes")
        data = self.span.take(self.at, length)
        self.at += length
        return data.decode("utf-8", "replace")


def accepts(blob: Blob) -> bool:
    """The magic, at the very start."""
    return blob.head(4) == b"GGUF" and blob.size >= 16


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """A `Gguf` view and one `ChatTemplate` for every template in the metadata."""
    span = Span(blob)
    order, version = version_of(span)
    walk = Walk(span=span, order=order, wide="I" if version == 1 else "Q", budget=budget)
    texts: list[tuple[str, str]] = []
    alignment, tensors = 32, 0
    try:
        tensors = walk.count("tensors", 24 if version > 1 else 16)
        pairs = walk.count("metadata entries", 13 if version > 1 else 9)
        for key, value in metadata(walk, pairs):
            if key == "general.alignment":
                alignment = value if isinstance(value, int) else -1
            for text in value if isinstance(value, list) else [value]:
                if not isinstance(text, str):
                    continue
                if "template" in key:
                    yield ChatTemplate(at=blob.at, field=key, text=text)
                elif len(text) > 12 and not key.startswith("tokenizer.ggml."):
                    texts.append((key, text))
        hidden = _tensor_table(walk, tensors, alignment)
    except UnreadableError as error:
        walk.defects.append((error.message, walk.at))
        hidden = 0
    yield Gguf(
        at=blob.at,
        version=version,
        tensors=tensors,
        texts=tuple(texts),
        defects=tuple(walk.defects),
        hidden_bytes=hidden,
    )


def version_of(span: Span) -> tuple[str, int]:
    """Byte order and version; the version is small in the right order only."""
    for order in "<>":
        (version,) = span.unpack(order + "I", 4)
        if version in (1, 2, 3):
            return order, version
    raise UnreadableError("GGUF of an unknown version", hint="update ossmodelkit, or convert the file")


def metadata(walk: Walk, pairs: int) -> Iterator[tuple[str, Any]]:
    """Every key and value; None for an array of numbers, which is passed over."""
    seen: set[str] = set()
    for _ in range(pairs):
        start = walk.at
        key = walk.text()
        if key in seen:
            walk.defects.append((f"key {key!r} is there twice", start))
        seen.add(key)
        yield key, _value(walk, walk.number("I"), key, nesting=0)


def _value(walk: Walk, kind: int, key: str, nesting: int) -> Any:
    if kind in SCALARS:
        return walk.number(SCALARS[kind])
    if kind == STRING:
        return walk.text()
    if kind != ARRAY or nesting > 2:
        raise UnreadableError(f"{key!r} has the unknown type {kind}")
    inner = walk.number("I")
    if inner in SCALARS:
        width = struct.calcsize("<" + SCALARS[inner])
        count = walk.count(f"array {key!r}", width)
        walk.at += count * width
        return None
    count = walk.count(f"array {key!r}", 8 if walk.wide == "Q" else 4)
    keep = "template" in key or not key.startswith("tokenizer.ggml.")
    values = []
    for index in range(count):
        if index % 4096 == 0:
            walk.budget.check_time()
        if inner == STRING and not keep:
            length = walk.count("text", 1)
            walk.at += length
            continue
        found = _value(walk, inner, key, nesting + 1)
        values.extend(found if isinstance(found, list) else [found])
    return values


def _tensor_table(walk: Walk, tensors: int, alignment: int) -> int:
    """Check every tensor's place; bytes after the last one."""
    if alignment <= 0 or alignment & (alignment - 1) or alignment > 1 << 20:
        raise UnreadableError(f"an alignment of {alignment} bytes")
    extents: list[tuple[int, int, str]] = []
    names: set[str] = set()
    for _ in range(tensors):
        name, start = walk.text(), walk.at
        extents.append((*extent(walk, name, start, alignment), name))
        if len(name.encode("utf-8", "replace")) > LONGEST_NAME:
            walk.defects.append((f"a tensor name of {len(name)} characters", start))
        if name in names:
            walk.defects.append((f"tensor {name!r} is there twice", start))
        names.add(name)
    return _check_extents(walk, extents, -(-walk.at // alignment) * alignment, alignment)


def extent(walk: Walk, name: str, start: int, alignment: int) -> tuple[int, int]:
    """Where the tensor whose line goes on here begins and ends in the data, in bytes."""
    dimensions = walk.number("I")
    if dimensions > MOST_DIMENSIONS:
        raise UnreadableError(f"tensor {name!r} has {dimensions} dimensions")
    elements = 1
    for _ in range(dimensions):
        elements *= walk.number(walk.wide)
    kind, offset = walk.number("I"), walk.number("Q")
    if elements >= 1 << 63:
        raise UnreadableError(f"the shape of tensor {name!r} overflows 64 bits")
    if offset % alignment:
        walk.defects.append((f"tensor {name!r} is not aligned to {alignment} bytes", start))
    if kind not in BLOCKS:
        return offset, UNKNOWN_END
    per_block, width = BLOCKS[kind]
    if elements % per_block:
        walk.defects.append((f"tensor {name!r}: {elements} elements in blocks of {per_block}", start))
    return offset, offset + -(-elements // per_block) * width


def _check_extents(walk: Walk, extents: list[tuple[int, int, str]], start: int, alignment: int) -> int:
    """Note overlaps, holes and tensors beyond the end; bytes after the last tensor."""
    reached = 0
    open_end = False
    for begin, end, name in sorted(extents):
        if begin < reached:
            walk.defects.append((f"tensor {name!r} overlaps the one before it", start + begin))
        elif begin - reached >= alignment and not open_end:
            walk.defects.append((f"{begin - reached} bytes before tensor {name!r}", start + reached))
        open_end = end == UNKNOWN_END
        reached = max(reached, begin, end)
    if extents and start + reached > walk.span.size:
        walk.defects.append((f"tensors end at byte {start + reached}, the file at {walk.span.size}", start))
    end = start + -(-reached // alignment) * alignment
    return 0 if open_end else max(0, walk.span.size - end)


READER = Reader(name="gguf", accepts=accepts, read=read)
