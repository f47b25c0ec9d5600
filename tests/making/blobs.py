"""Blobs in memory, and what readers and checks say about them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from ossmodelkit.core.check import Check, ask_all
from ossmodelkit.core.finding import Finding, Gap, Place
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget
from ossmodelkit.foundation.progress import Silent
from ossmodelkit.scanning.inspecting import Inspection, inspect
from ossmodelkit.sources.local import LocalSource


def blob(data: bytes, name: str = "model.bin") -> Blob:
    """`data` as a file called `name`."""
    return Blob(at=Place(path=name), stream=io.BytesIO(data), size=len(data))


def views(reader: Reader, data: bytes, name: str = "model.bin") -> list[object]:
    """What a reader yields; nothing where it does not accept the bytes."""
    one = blob(data, name)
    return list(reader.read(one, Budget())) if reader.accepts(one) else []


def answers(
    checks: Iterable[Check], reader: Reader, data: bytes, name: str = "model.bin"
) -> tuple[tuple[Finding, ...], tuple[Gap, ...]]:
    """What the checks say about what the reader yields, and the reader's own gaps."""
    found = views(reader, data, name)
    said = ask_all(checks, found, at=Place(path=name))
    assert not said.gaps, said.gaps
    return said.findings, tuple(item for item in found if isinstance(item, Gap))


def ids(checks: Iterable[Check], reader: Reader, data: bytes, name: str = "model.bin") -> list[str]:
    """The ids of the findings above a remark, sorted and without repetition."""
    findings, _ = answers(checks, reader, data, name)
    return sorted({finding.check for finding in findings if finding.severity.rank >= 2})


def survives(reader: Reader, data: bytes, name: str = "model.bin") -> None:
    """The reader may refuse the bytes; it must not crash on them."""
    one = blob(data, name)
    try:
        if reader.accepts(one):
            for _ in reader.read(one, Budget()):
                pass
    except UnreadableError:
        pass


def scan(path: Path) -> Inspection:
    """A whole scan of a file or folder."""
    return inspect(LocalSource(path), progress=Silent())


def flagged(path: Path) -> list[str]:
    """The ids of all findings above a remark in a scan of `path`."""
    return sorted({f.check for f in scan(path).answers.findings if f.severity.rank >= 2})
