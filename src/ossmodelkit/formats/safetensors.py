"""A safetensors file judged from its header alone; no tensor is read.

Layout (safetensors format documentation): u64 little-endian header length, a JSON object, then one
buffer that the tensors fill in order, without holes and without overlap.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from ossmodelkit.core.finding import Place
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

BLANK = b" \t\r\n\xef\xbb\xbf"
LONGEST_HEADER = 100_000_000  # the reference implementation's own limit, in bytes
# Bits per element, from the `Dtype` enum of the reference implementation.
BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """Where a header breaks its own rules; `hides` when bytes lie where no tensor claims them."""

    saw: str
    offset: int = 0
    hides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Safetensors:
    """What a header says about its file, and every rule it breaks."""

    at: Place
    tensors: int
    metadata: tuple[tuple[str, str], ...] = ()
    defects: tuple[Defect, ...] = ()


def accepts(blob: Blob) -> bool:
    """A length, then an opening brace; eight characters of text are no length.

    Laxer parsers of JSON than the reference let blanks and a mark of the encoding stand before the brace.
    """
    head = blob.head(64)
    begins = head[8:9] == b"{" or (blob.name.endswith(".safetensors") and head[8:].lstrip(BLANK)[:1] == b"{")
    return len(head) > 8 and begins and not all(0x20 <= byte < 0x7F for byte in head[:8])


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `Safetensors` view; a header that no reader could parse is a defect, not a silence."""
    (length,) = struct.unpack("<Q", blob.head(8))
    if length > min(LONGEST_HEADER, blob.size - 8):
        limit = "the format's limit" if length > LONGEST_HEADER else "the file"
        yield _only(blob, f"a header of {length} bytes, more than {limit} holds")
        return
    budget.spend_bytes(length)
    try:
        parsed = strict_json.parse(blob.slice(8, length))
    except UnreadableError as error:
        yield _only(blob, error.message)
        return
    if not isinstance(parsed.value, dict):
        yield _only(blob, "the header is no JSON object")
        return
    view = _view(blob, parsed, 8 + length)
    if blob.slice(8, 1) != b"{":
        early = Defect(saw="blanks before the header's brace", offset=8)
        view = replace(view, defects=(early, *view.defects))
    yield view


def _only(blob: Blob, saw: str) -> Safetensors:
    return Safetensors(at=blob.at, tensors=0, defects=(Defect(saw=saw),))


def _view(blob: Blob, parsed: strict_json.Parsed, start: int) -> Safetensors:
    header = parsed.value
    metadata = header.pop("__metadata__", None)
    defects = [Defect(saw=f"key {key!r} is there twice", offset=8) for key in parsed.duplicates]
    texts: tuple[tuple[str, str], ...] = ()
    if isinstance(metadata, dict):
        texts = tuple((key, value) for key, value in metadata.items() if isinstance(value, str))
    if metadata is not None and (not isinstance(metadata, dict) or len(texts) != len(metadata)):
        defects.append(Defect(saw="__metadata__ is no table of texts", offset=8))
    extents: list[tuple[int, int, str]] = []
    for name, entry in header.items():
        problem = _entry_problem(entry)
        if problem:
            defects.append(Defect(saw=f"tensor {name!r}: {problem}", offset=8))
        else:
            extents.append((*entry["data_offsets"], name))
    if not defects:
        defects.extend(_layout_problems(extents, start, blob.size))
    return Safetensors(at=blob.at, tensors=len(header), metadata=texts, defects=tuple(defects))


def _entry_problem(entry: Any) -> str:
    """What is wrong with one tensor's entry, empty when nothing is."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        return "the entry is not dtype, shape and data_offsets"
    bits = BITS.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if bits is None:
        return f"unknown dtype {str(entry['dtype'])[:40]!r}"
    if not (_counts(entry["shape"]) and _counts(entry["data_offsets"]) and len(entry["data_offsets"]) == 2):
        return "shape or data_offsets are no whole numbers"
    elements = prod(entry["shape"])
    begin, end = entry["data_offsets"]
    if elements * bits >= 1 << 64:
        return "the shape overflows 64 bits"
    if end < begin or (elements * bits) % 8 or end - begin != elements * bits // 8:
        return f"{end - begin} bytes for a shape of {elements} x {entry['dtype']}"
    return ""


def _counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 1 << 64 for item in value)


def _layout_problems(extents: list[tuple[int, int, str]], start: int, size: int) -> Iterator[Defect]:
    reached = 0
    for begin, end, name in sorted(extents):
        if begin > reached:
            yield Defect(saw=f"{begin - reached} bytes before tensor {name!r}", offset=start + reached, hides=True)
        elif begin < reached:
            yield Defect(saw=f"tensor {name!r} overlaps the one before it", offset=start + begin, hides=True)
        reached = max(reached, end)
    if start + reached > size:
        yield Defect(saw=f"tensors end at byte {start + reached}, the file at {size}", offset=size)
    elif start + reached < size:
        yield Defect(saw=f"{size - start - reached} bytes after the last tensor", offset=start + reached, hides=True)


READER = Reader(name="safetensors", accepts=accepts, read=read)
