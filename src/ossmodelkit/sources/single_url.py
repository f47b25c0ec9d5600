"""One file at an https address."""

from __future__ import annotations

from functools import cached_property
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote

from ossmodelkit.core.artifact import Entry, Inventory
from ossmodelkit.foundation.errors import SourceError
from ossmodelkit.sources.addresses import parse
from ossmodelkit.sources.names import is_plain
from ossmodelkit.sources.patience import Patience
from ossmodelkit.sources.ranges import RangedUrl
from ossmodelkit.sources.remote_file import FIRST, Blocks, open_remote
from ossmodelkit.sources.traffic import Traffic
from ossmodelkit.sources.web import Web


class UrlSource:
    """A file behind a URL, under the last part of its path. No token is sent."""

    def __init__(self, url: str, *, patience: Patience | None = None) -> None:
        self._shown = parse(url).shown
        self._web = Web(patience=patience)
        self._blocks = Blocks()
        self._file = RangedUrl(self._web, url, called=self._shown)

    @property
    def ref(self) -> str:
        """The URL without its query: signatures do not belong into reports."""
        return self._shown

    @property
    def traffic(self) -> Traffic:
        """What has been fetched so far."""
        return self._web.traffic

    @property
    def name(self) -> str:
        """The name of the only file."""
        name = unquote(PurePosixPath(self._shown.partition("://")[2].partition("/")[2]).name)
        return name if is_plain(name) and "/" not in name else "download"

    @cached_property
    def inventory(self) -> Inventory:
        """The one file, its size as the server tells, and its version where there is one.

        Raises `SourceError` when the URL is a web page.
        """
        piece = self._file.fetch(0, FIRST)
        told = self._file.told
        if told.get("content-type", "").startswith("text/html") and not self.name.endswith((".html", ".htm")):
            hint = "give the address of the file itself; for a model hub of your own, set HF_ENDPOINT"
            raise SourceError(f"{self._shown} is a web page, not a file", hint=hint)
        self._blocks.put(self.name, piece)
        version = told.get("etag") or told.get("last-modified") or ""
        entry = Entry(name=self.name, size=self._file.size or 0)
        return Inventory(ref=self.ref, entries=(entry,), revision=version[:200])

    def open(self, name: str) -> BinaryIO:
        """A seekable stream of the file."""
        entry = self.inventory.find(name)
        if entry is None:
            raise SourceError(f"no file {name!r} at {self.ref}")
        return open_remote(self._file.fetch, name=name, size=entry.size, blocks=self._blocks)
