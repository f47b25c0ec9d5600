"""A source in memory, and the scan of it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import BinaryIO

from ossmodelkit.core.artifact import Entry, Inventory
from ossmodelkit.foundation.errors import SourceError
from ossmodelkit.foundation.progress import Silent
from ossmodelkit.scanning.inspecting import Inspection, Limits, inspect


class MemorySource:
    """Files by name."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.ref = "memory"
        entries = (Entry(name=name, size=len(data)) for name, data in sorted(self.files.items()))
        self.inventory = Inventory(ref="memory", entries=tuple(entries))

    def open(self, name: str) -> BinaryIO:
        if name not in self.files:
            raise SourceError(f"no file {name!r}")
        return io.BytesIO(self.files[name])


def scan_bytes(data: bytes, name: str = "model.bin", limits: Limits | None = None) -> Inspection:
    """The scan of one file with these bytes."""
    return inspect(MemorySource({name: data}), progress=Silent(), limits=limits)


def said(found: Inspection) -> str:
    """Verdict, findings and gaps on one line each, for the message of a failing test."""
    lines = [found.verdict.value]
    lines += [f"{one.check} {one.severity.value} {one.at}: {one.saw}" for one in found.answers.findings]
    lines += [f"gap {one.at}: {one.reason}" for one in found.answers.gaps]
    return "\n".join(lines)
