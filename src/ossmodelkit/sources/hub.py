"""A repository of a model hub, judged where it lies: the listing, and of each file only what is asked for."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, BinaryIO

from ossmodelkit.core.artifact import Entry, EntryKind, Inventory
from ossmodelkit.foundation.errors import NothingToJudgeError, SourceError, UnreadableError
from ossmodelkit.sources.connections import Headers
from ossmodelkit.sources.hub_listing import below, list_repository
from ossmodelkit.sources.hub_refs import HubRef, quoted
from ossmodelkit.sources.hub_settings import HubSettings
from ossmodelkit.sources.patience import Patience
from ossmodelkit.sources.ranges import RangedUrl
from ossmodelkit.sources.remote_file import Blocks, open_remote
from ossmodelkit.sources.traffic import Traffic
from ossmodelkit.sources.web import Token, Web


class HubSource:
    """`hub:org/name@revision`. The revision is pinned to its commit when the files are first listed."""

    def __init__(self, ref: str, at: HubRef, settings: HubSettings, *, patience: Patience | None = None) -> None:
        self._ref = ref
        self._at = at
        self._settings = settings
        token = Token(home=settings.endpoint, secret=settings.token)
        self._web = Web(token=token, patience=patience)
        self._blocks = Blocks()
        self._urls: dict[str, RangedUrl] = {}

    @property
    def ref(self) -> str:
        """What the user called it."""
        return self._ref

    @property
    def traffic(self) -> Traffic:
        """What has been fetched so far."""
        return self._web.traffic

    @cached_property
    def inventory(self) -> Inventory:
        """All files, listed once and pinned to a commit; digests are the hub's claims.

        Raises `NothingToJudgeError` when there is no file.
        """
        if not self._named:
            raise NothingToJudgeError(f"{self._ref} holds no file", hint="check the name, the revision and the path")
        entries = tuple(replace(entry, name=name) for name, entry in self._named.items())
        return Inventory(ref=self._ref, entries=entries, revision=self._listed.revision)

    def open(self, name: str) -> BinaryIO:
        """A seekable stream of `name`; nothing is fetched before it is read."""
        entry = self._named.get(name)
        if entry is None:
            raise SourceError(f"no file {name!r} in {self.ref!r}")
        if entry.kind is not EntryKind.FILE:
            raise UnreadableError(f"{name!r} cannot be read", hint=entry.why)
        url = self._urls.setdefault(name, self._ranged(entry))
        return open_remote(url.fetch, name=name, size=entry.size, blocks=self._blocks)

    @cached_property
    def _listed(self) -> Inventory:
        return list_repository(self._web, self._settings.endpoint, self._at, self._ref)

    @cached_property
    def _named(self) -> dict[str, Entry]:
        return below(self._at.path, self._listed)

    def _ranged(self, entry: Entry) -> RangedUrl:
        commit = self._listed.revision
        return RangedUrl(
            self._web,
            f"{self._settings.endpoint}/{self._at.page}/resolve/{commit}/{quoted(entry.name)}",
            called=f"{entry.name} of {self._ref}",
            size=entry.size,
            inspect=lambda told: _inspect(entry, commit, told),
        )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_urls": {}}


def _inspect(entry: Entry, commit: str, told: Headers) -> None:
    """Hold the file's own headers against the listing."""
    claimed, etag = entry.claimed_sha256, told.get("x-linked-etag", "").removeprefix("W/").strip('"')
    for what, listed, found in (
        ("commit", commit, told.get("x-repo-commit", "")),
        ("size", str(entry.size), told.get("x-linked-size", "")),
        ("digest", claimed, etag if claimed else ""),
    ):
        if found and found != listed:
            raise UnreadableError(
                f"{entry.name}: the hub lists the {what} {listed} and serves {found}", hint="it changed: start again"
            )
