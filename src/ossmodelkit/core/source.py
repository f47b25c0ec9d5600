"""Where bytes come from, as the capabilities see it: a list of names, and a way to open one."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from ossmodelkit.core.artifact import Inventory


class Source(Protocol):
    """A model somewhere: a folder, a file, a hub repository at a revision, a URL."""

    @property
    def ref(self) -> str:
        """What the user called it."""

    @property
    def inventory(self) -> Inventory:
        """All entries, listed once."""

    def open(self, name: str) -> BinaryIO:
        """A seekable binary stream of one file; remote sources fetch only what is read.

        Raises `SourceError` when the name is unknown and `UnreadableError` when it cannot be opened.
        """


def read_small(source: Source, name: str, limit: int) -> bytes | None:
    """The bytes of a small file such as `config.json`; None where it is absent or larger than `limit`."""
    entry = source.inventory.find(name)
    if entry is None or entry.kind != "file" or entry.size > limit:
        return None
    with source.open(name) as stream:
        return stream.read(limit + 1)[:limit]
