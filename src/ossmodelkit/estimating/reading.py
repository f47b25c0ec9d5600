"""The two things an estimate reads from a model: `config.json`, and the headers of its safetensors."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from math import prod
from typing import Any

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.core.source import Source, read_small
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.safetensors import BITS
from ossmodelkit.foundation.errors import NothingToJudgeError, UnreadableError, UsageError

LARGEST_CONFIG = 4 * 1024 * 1024
LARGEST_HEADER = 64 * 1024 * 1024
MOST_FILES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What headers say is on disk: numbers and bytes by dtype, and files that could not be read."""

    tensors: int = 0
    numbers: dict[str, int] = field(default_factory=dict)
    size: int = 0
    unread: tuple[str, ...] = ()

    @property
    def packed(self) -> bool:
        """Whether some weights are stored in a type that is no float of 16 or 32 bits."""
        return any(name not in ("F32", "F16", "BF16", "F64", "I64", "BOOL") for name in self.numbers)


def read_config(source: Source) -> dict[str, Any]:
    """The configuration of a model.

    Raises `UsageError` when it is no JSON object, `NothingToJudgeError` when there is none.
    """
    files = [entry for entry in source.inventory.entries if entry.kind is EntryKind.FILE]
    name = "config.json"
    if source.inventory.find(name) is None and len(files) == 1 and files[0].name.endswith(".json"):
        name = files[0].name
    if source.inventory.find(name) is None:
        if any(entry.name.lower().endswith(".gguf") for entry in files):
            raise NothingToJudgeError(
                "a GGUF file is made for inference and cannot be fine-tuned",
                hint="estimate the original: give its folder or its config.json",
            )
        raise NothingToJudgeError(
            f"{source.ref!r} has no config.json", hint="give a transformers model or its config.json"
        )
    data = read_small(source, name, LARGEST_CONFIG)
    if data is None:
        raise UsageError(f"{name} is larger than {LARGEST_CONFIG} bytes", hint="that is no model configuration")
    try:
        parsed = strict_json.parse(data)
    except UnreadableError as error:
        raise UsageError(f"{name}: {error.message}", hint="give the model's own config.json") from error
    if not isinstance(parsed.value, dict):
        raise UsageError(f"{name} is no JSON object", hint="give the model's own config.json")
    if parsed.duplicates:
        raise UsageError(f"{name}: field {parsed.duplicates[0]!r} is there twice", hint="remove one of them")
    return parsed.value


def read_held(source: Source) -> Held:
    """Numbers and bytes of every tensor, from headers alone; nothing is raised for a header that is broken."""
    numbers: Counter[str] = Counter()
    tensors = size = 0
    unread: list[str] = []
    names = [e.name for e in source.inventory.payload if e.name.endswith(".safetensors")]
    for name in names[:MOST_FILES]:
        header = _header(source, name)
        if header is None:
            unread.append(name)
            continue
        for key, entry in header.items():
            if key == "__metadata__" or not _sound(entry):
                continue
            tensors += 1
            count = prod(entry["shape"])
            numbers[entry["dtype"]] += count
            size += count * BITS[entry["dtype"]] // 8
    return Held(tensors=tensors, numbers=dict(numbers), size=size, unread=(*unread, *names[MOST_FILES:]))


def _header(source: Source, name: str) -> dict[str, Any] | None:
    try:
        with source.open(name) as stream:
            start = stream.read(8)
            if len(start) < 8:
                return None
            (length,) = struct.unpack("<Q", start)
            if length > LARGEST_HEADER:
                return None
            value = strict_json.parse(stream.read(length)).value
    except UnreadableError:
        return None
    return value if isinstance(value, dict) else None


def _sound(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("dtype") in BITS
        and isinstance(entry.get("shape"), list)
        and all(type(side) is int and 0 <= side < 2**48 for side in entry["shape"])
    )
