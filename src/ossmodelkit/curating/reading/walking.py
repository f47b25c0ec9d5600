"""Walk through the rows of several files, with a bar, a digest of exactly the bytes read, and every flaw."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from ossmodelkit.curating.reading import opening
from ossmodelkit.curating.row import Bounds, Feed, Flaw, Row
from ossmodelkit.foundation.progress import Progress

NOTED_EVERY = 1024 * 1024
BUFFER = 256 * 1024
NULL = Flaw("data-not-an-object", "null")


@dataclass(slots=True, kw_only=True)
class FileFacts:
    """What reading one file told. Filled while it is read; `sha256` stands when the last row is out.

    `unformatted` rows must be brought into another format before they are trained on.
    """

    name: str
    size: int
    layout: opening.Layout
    sha256: str = ""
    rows: int = 0
    unread: int = 0
    unformatted: int = 0
    shapes: dict[str, int] = field(default_factory=dict)


class _Hashed(io.RawIOBase):
    """Passes bytes on and hashes them, so the digest is of what was read and of nothing else."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.hash = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.stream.read(len(buffer))
        buffer[: len(data)] = data
        self.hash.update(data)
        self.count += len(data)
        return len(data)


def walk(feed: Feed, facts: FileFacts, bounds: Bounds, progress: Progress) -> Iterator[Row]:
    """Every row of one file; `facts` are complete when the last one is out."""
    if facts.layout.container == "parquet":
        yield from _walk_parquet(feed, facts, bounds)
        return
    with feed.open() as stream, progress.task(f"reading {feed.name}", feed.size, "bytes") as task:
        hashed = _Hashed(stream)
        buffered = io.BufferedReader(hashed, BUFFER)
        shown = 0
        for row in opening.rows(buffered, feed, facts.layout, bounds):
            if hashed.count - shown > NOTED_EVERY:
                task.advance(hashed.count - shown)
                shown = hashed.count
            yield row if row.value is not None or row.flaws else row._replace(flaws=(NULL,))
        while buffered.read(BUFFER):
            pass
        facts.sha256, facts.size = hashed.hash.hexdigest(), hashed.count


def _walk_parquet(feed: Feed, facts: FileFacts, bounds: Bounds) -> Iterator[Row]:
    """Parquet is read from its end: the digest takes a pass of its own."""
    seen = hashlib.sha256()
    with feed.open() as stream:
        while chunk := stream.read(NOTED_EVERY):
            seen.update(chunk)
    facts.sha256 = seen.hexdigest()
    with feed.open() as stream:
        yield from opening.rows(stream, feed, facts.layout, bounds)


def facts_of(feed: Feed, bounds: Bounds) -> FileFacts:
    """The facts of a file before it is read: what it is.

    Raises `UnreadableError` and `UsageError` as `opening.layout` does.
    """
    return FileFacts(name=feed.name, size=feed.size, layout=opening.layout(feed, bounds))
