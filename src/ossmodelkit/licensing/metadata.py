"""What weight files say about license and lineage in their own metadata; no tensor is read."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.core.finding import Place
from ossmodelkit.core.source import Source
from ossmodelkit.formats import onnx
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.foundation.limits import Budget
from ossmodelkit.licensing import packed_configs

LARGEST_HEADER = 16 * 1024 * 1024
MOST_FILES = 64
MOST_PAIRS = 4096
LONGEST_KEY = 1024
LONGEST_TEXT = 256 * 1024
SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # ggml, docs/gguf.md
STRING, ARRAY = 8, 9
LICENSE_KEYS = ("general.license", "license", "modelspec.license")
LINKED_KEYS = ("general.license.name", "license_name")
PARENT_KEYS = (
    "base_model", "_name_or_path", "modelspec.merged_from", "ss_sd_model_name", "general.source.huggingface.repository",
    *packed_configs.OF_PARENTS,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry of a weight file's metadata."""

    file: str
    key: str
    value: str


def read(source: Source) -> tuple[tuple[Told, ...], tuple[tuple[str, str], ...]]:
    """What all weight files say, and (file, reason) for those that could not be read."""
    told: list[Told] = []
    problems: list[tuple[str, str]] = []
    entries = [entry for entry in source.inventory.entries if entry.kind is EntryKind.FILE and entry.size >= 16]
    for entry in [e for e in entries if e.name.lower().endswith(tuple(READERS))][:MOST_FILES]:
        pairs_in = READERS["." + entry.name.lower().rpartition(".")[2]]
        try:
            with source.open(entry.name) as stream:
                pairs = pairs_in(stream, entry.name, entry.size)
                told += [Told(file=entry.name, key=key, value=value[:400]) for key, value in pairs]
        except (KitError, OSError, ValueError, struct.error, RecursionError) as error:
            problems.append((entry.name, f"its metadata cannot be read: {error}"[:200]))
    return tuple(told), tuple(problems)


def licenses(told: tuple[Told, ...]) -> tuple[Told, ...]:
    """The entries that name a license."""
    return tuple(one for one in told if one.key in LICENSE_KEYS and one.value.strip())


def parents(told: tuple[Told, ...]) -> tuple[Told, ...]:
    """The entries that name a parent."""
    return tuple(one for one in told if _names_parent(one.key) and one.value.strip())


def _names_parent(key: str) -> bool:
    return key in PARENT_KEYS or (key.startswith("general.base_model.") and key.endswith((".repo_url", ".name")))


def _safetensors(stream: BinaryIO, name: str, size: int) -> Iterator[tuple[str, str]]:
    """`__metadata__` of the JSON header (safetensors format: u64 length, then JSON)."""
    (length,) = struct.unpack("<Q", stream.read(8))
    if length > LARGEST_HEADER:
        raise ValueError(f"a header of {length} bytes")
    header = json.loads(stream.read(length))
    table = header.get("__metadata__") if isinstance(header, dict) else None
    for key, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, str):
            yield key, value


def _gguf(stream: BinaryIO, name: str, size: int) -> Iterator[tuple[str, str]]:
    """The `general.*` texts; they stand before the tokenizer, whose arrays are not walked."""
    if stream.read(4) != b"GGUF":
        raise ValueError("no GGUF")
    version = struct.unpack("<I", stream.read(4))[0]
    order = "<" if version in (1, 2, 3) else ">"
    wide = "I" if version == 1 else "Q"
    _, pairs = struct.unpack(order + wide * 2, stream.read(struct.calcsize("<" + wide * 2)))
    for _ in range(min(pairs, MOST_PAIRS)):
        key = _text(stream, order + wide, LONGEST_KEY)
        (kind,) = struct.unpack(order + "I", stream.read(4))
        if kind == STRING:
            yield key, _text(stream, order + wide, LONGEST_TEXT)
        elif kind in SCALAR_BYTES:
            stream.read(SCALAR_BYTES[kind])
        elif kind == ARRAY and not key.startswith("tokenizer."):
            yield from ((key, value) for value in _array(stream, order, wide))
        else:
            return


def _array(stream: BinaryIO, order: str, wide: str) -> Iterator[str]:
    kind = struct.unpack(order + "I", stream.read(4))[0]
    (count,) = struct.unpack(order + wide, stream.read(struct.calcsize("<" + wide)))
    if count > MOST_PAIRS or kind == ARRAY:
        raise ValueError(f"an array of {count} entries")
    for _ in range(count):
        if kind == STRING:
            yield _text(stream, order + wide, LONGEST_TEXT)
        else:
            stream.read(SCALAR_BYTES[kind])


def _text(stream: BinaryIO, layout: str, limit: int) -> str:
    (length,) = struct.unpack(layout, stream.read(struct.calcsize(layout)))
    if length > limit:
        raise ValueError(f"a text of {length} bytes")
    return stream.read(length).decode("utf-8", "replace")


def _onnx(stream: BinaryIO, name: str, size: int) -> Iterator[tuple[str, str]]:
    """`metadata_props` of the model; the weights inside are stepped over."""
    blob = Blob(at=Place(path=name), stream=stream, size=size)
    if not onnx.accepts(blob):
        return
    for view in onnx.read(blob, Budget()):
        if isinstance(view, onnx.Onnx):
            yield from view.metadata


READERS: Mapping[str, Callable[[BinaryIO, str, int], Iterator[tuple[str, str]]]] = {
    ".gguf": _gguf,
    ".safetensors": _safetensors,
    ".onnx": _onnx,
    ".nemo": packed_configs.nemo,
    ".keras": packed_configs.keras,
}
