"""What is fuzzed: each reader with the checks of its views, the tables of tensors, and templates on their own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from ossmodelkit.core.artifact import Entry
from ossmodelkit.core.check import ask_all
from ossmodelkit.core.finding import Place
from ossmodelkit.formats import readers
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.templates import ChatTemplate
from ossmodelkit.formats.tensors import tensors_of
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.scanning.blobs import Reading, read_blob
from ossmodelkit.scanning.catalog import checks_for
from ossmodelkit.scanning.entry import Limits
from tests.making.memory import MemorySource

Target = Callable[[bytes], int]
# How a gap tells an exception that nobody foresaw: its class, a colon.
CRASH = re.compile(r"\b[A-Z]\w*(Error|Exception|Interrupt|Iteration): ")
LIMITS = Limits(max_bytes=64 * 1024 * 1024, max_members=20_000, max_seconds=4)
TAKEN, PASSED = 0, -1  # what the fuzzer is told: worth keeping, or not


class UnforeseenError(Exception):
    """A reader or check raised what it should have foreseen."""


def targets() -> dict[str, Target]:
    """Every target by name."""
    found: dict[str, list[Reader]] = {}
    for reader in readers.READERS:
        found.setdefault(reader.name.replace(" ", "-"), []).append(reader)
    wanted: dict[str, Target] = {name: _reading(tuple(same)) for name, same in found.items()}
    return {**wanted, "tensors": _tensors, "template": _template}


def _reading(same: tuple[Reader, ...]) -> Target:
    def target(data: bytes) -> int:
        source = MemorySource({"f": data})
        blob = Blob(at=Place(path="f"), stream=io.BytesIO(data), size=len(data))
        if not any(reader.accepts(blob) for reader in same):
            return PASSED
        reading = Reading(budget=LIMITS.budget(), readers=same)
        read_blob(source, Entry(name="f", size=len(data)), reading)
        for gap in reading.gaps:
            if CRASH.search(gap.reason):
                raise UnforeseenError(f"{gap.at}: {gap.reason}")
        return TAKEN

    return target


def _tensors(data: bytes) -> int:
    blob = Blob(at=Place(path="f"), stream=io.BytesIO(data), size=len(data))
    try:
        table = tensors_of(blob, LIMITS.budget())
    except KitError:
        return TAKEN
    if table is None:
        return PASSED
    for tensor in table:
        assert 0 <= tensor.offset <= tensor.offset + tensor.size <= len(data), tensor
    return TAKEN


def _template(data: bytes) -> int:
    view = ChatTemplate(at=Place(path="f"), field="chat_template", text=data.decode("utf-8", "replace"))
    said = ask_all(checks_for(view), (view,), at=view.at)
    if said.gaps:
        raise UnforeseenError(said.gaps[0].reason)
    return TAKEN
