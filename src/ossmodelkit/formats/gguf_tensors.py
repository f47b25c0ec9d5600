"""The tensors of a GGUF file, and a digest of each of its metadata values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ossmodelkit.formats.gguf import BLOCKS, UNKNOWN_END, Walk, extent, metadata, version_of
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.span import Span
from ossmodelkit.formats.tensors import Tensor
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

PIECE = 1024 * 1024
# Names from ggml.h; the plain types have the words of safetensors.
TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K",
    12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
    20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
    29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip


def table(blob: Blob, budget: Budget) -> Iterator[Tensor]:
    """Every tensor, its sides turned round: GGUF names the fastest first."""
    walk, tensors, pairs = _begin(blob, budget)
    alignment = 32
    for key, value in metadata(walk, pairs):
        if key == "general.alignment" and isinstance(value, int):
            alignment = value
    if alignment <= 0 or alignment & (alignment - 1):
        raise UnreadableError(f"an alignment of {alignment} bytes")
    rows = [_row(walk, alignment) for _ in range(tensors)]
    start = -(-walk.at // alignment) * alignment
    for name, kind, sides, begin, end in rows:
        if end == UNKNOWN_END:
            raise UnreadableError(f"tensor {name!r} has the unknown type {kind}", hint="update ossmodelkit")
        if start + end > blob.size:
            raise UnreadableError(f"tensor {name!r} ends at byte {start + end}, the file at {blob.size}")
        yield Tensor(
            name=name,
            dtype=TYPES.get(kind, f"GGML-{kind}"),
            shape=sides[::-1],
            file=blob.at.path,
            offset=start + begin,
            size=end - begin,
        )


def values(blob: Blob, budget: Budget) -> dict[str, tuple[str, object]]:
    """SHA-256 of every metadata value as it lies in the file, and the value itself where it is short."""
    walk, _, pairs = _begin(blob, budget)
    found: dict[str, tuple[str, object]] = {}
    begin = walk.at
    for key, value in metadata(walk, pairs):
        # The key stands before its value and is the same text on both sides, so it may be digested as well.
        found[key] = (_digest(blob, begin, walk.at), None if isinstance(value, list) else value)
        begin = walk.at
    return found


def _begin(blob: Blob, budget: Budget) -> tuple[Walk, int, int]:
    span = Span(blob)
    order, version = version_of(span)
    if order == ">":
        raise UnreadableError("a GGUF of a big-endian machine")
    walk = Walk(span=span, order=order, wide="I" if version == 1 else "Q", budget=budget)
    tensors = walk.count("tensors", 24 if version > 1 else 16)
    return walk, tensors, walk.count("metadata entries", 13 if version > 1 else 9)


def _row(walk: Walk, alignment: int) -> tuple[str, int, tuple[int, ...], int, int]:
    """Name, type, sides, and the place in the data, of the next line of the table."""
    name, start = walk.text(), walk.at
    begin, end = extent(walk, name, start, alignment)
    after = walk.at
    walk.at = start
    sides = tuple(int(walk.number(walk.wide)) for _ in range(walk.number("I")))
    kind = int(walk.number("I"))
    walk.at = after
    return name, kind, sides, begin, end if kind in BLOCKS else UNKNOWN_END


def _digest(blob: Blob, begin: int, end: int) -> str:
    seen = hashlib.sha256()
    while begin < end:
        piece = blob.slice(begin, min(PIECE, end - begin))
        if not piece:
            break
        seen.update(piece)
        begin += len(piece)
    return seen.hexdigest()
