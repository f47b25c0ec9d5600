"""Buckets and other stores, through fsspec: `s3://bucket/key`, `gs://…`, `az://…`, a file or everything below."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import Any, BinaryIO, TypeVar

from ossmodelkit.core.artifact import Entry, EntryKind, Inventory
from ossmodelkit.foundation.errors import (
    KitError,
    LimitExceededError,
    NothingToJudgeError,
    SourceError,
    UnreadableError,
)
from ossmodelkit.sources.local import MOST_ENTRIES
from ossmodelkit.sources.names import is_plain
from ossmodelkit.sources.ranges import Piece
from ossmodelkit.sources.remote_file import Blocks, open_remote
from ossmodelkit.sources.traffic import Traffic

# Stores only: fsspec also knows schemes that run commands, unpack archives or read local files.
STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "hdfs", "webhdfs", "sftp", "ssh", "oci", "oss")
FOR_TESTS = "memory"
VERSIONS = ("ETag", "etag", "VersionId", "generation", "LastModified", "last_modified", "mtime", "updated", "created")
EXTRA = dict.fromkeys(("s3", "s3a"), "pip install 'ossmodelkit[remote]'")
OTHER = "pip install 'ossmodelkit[remote]', and the package that is named"

T = TypeVar("T")


class BucketSource:
    """A key, or all keys below a prefix."""

    def __init__(self, url: str) -> None:
        scheme, _, _ = url.partition("://")
        if scheme not in (*STORES, FOR_TESTS) or "::" in url:
            raise SourceError(f"cannot read from {scheme}://", hint=f"known are https, {', '.join(STORES)}")
        self._url = url
        self._scheme = scheme
        self._held: tuple[int, Any] = (os.getpid(), _store(scheme))
        self._blocks = Blocks()
        self._versions: dict[str, tuple[str, ...]] = {}
        self.traffic = Traffic()

    @property
    def ref(self) -> str:
        """The URL as the user gave it."""
        return self._url

    @cached_property
    def inventory(self) -> Inventory:
        """Every key below the URL with its size, sorted.

        Raises `NothingToJudgeError` when there is none.
        """
        if not self._rows:
            raise NothingToJudgeError(f"nothing is at {self.ref!r}", hint="check the bucket and the key")
        entries = (_entry(name, row) for name, row in self._rows.items())
        return Inventory(ref=self.ref, entries=tuple(sorted(entries, key=lambda entry: entry.name)))

    def open(self, name: str) -> BinaryIO:
        """A seekable stream of one key; nothing is fetched before it is read."""
        if name not in self._rows:
            raise SourceError(f"no key {name!r} in {self.ref!r}")
        entry = _entry(name, self._rows[name])
        if entry.kind is not EntryKind.FILE:
            raise UnreadableError(f"{name!r} cannot be read", hint=entry.why)

        def fetch(offset: int, count: int) -> Piece:
            return self._fetch(entry, offset, count)

        return open_remote(fetch, name=name, size=entry.size, blocks=self._blocks)

    @property
    def _store(self) -> Any:
        """The store as this process may use it: the libraries' threads do not survive a fork."""
        if self._held[0] != os.getpid():
            self._held = (os.getpid(), _store(self._scheme))
        return self._held[1]

    @cached_property
    def _rows(self) -> dict[str, dict[str, Any]]:
        """What the store says of each key, by its name below the URL."""
        key = self._store._strip_protocol(self._url)
        found = self._ask(lambda: self._store.find(key, detail=True))
        if len(found) > MOST_ENTRIES:
            raise LimitExceededError(f"{self.ref!r} holds more than {MOST_ENTRIES:,} keys", hint="give a longer prefix")
        return {_below(str(path), key): row | {"name": path} for path, row in found.items()}

    def _fetch(self, entry: Entry, offset: int, count: int) -> Piece:
        path = self._rows[entry.name]["name"]
        end = min(offset + count, entry.size)
        self.traffic.check(end - offset)
        before = self._versions.get(path) or self._version(path)
        data = self._ask(lambda: self._store.cat_file(path, start=offset, end=end))
        self.traffic.add(len(data))
        if len(data) != end - offset or before[0] != str(entry.size) or self._version(path) != before:
            raise UnreadableError(f"{entry.name!r} changed while it was read", hint="start again")
        self._versions[path] = before
        return Piece(offset=offset, data=bytes(data))

    def _version(self, path: str) -> tuple[str, ...]:
        """What the store says of a key now, to compare with what it says later."""
        row = self._ask(lambda: self._store.info(path))
        return (str(row.get("size")), *(str(row[key]) for key in VERSIONS if key in row))

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask the store; its libraries raise what they like."""
        try:
            return question()
        except FileNotFoundError as error:
            raise SourceError(f"nothing is at {self.ref!r}", hint="check the bucket and the key") from error
        except PermissionError as error:
            raise UnreadableError(f"{self.ref!r} is closed to you", hint="check your credentials") from error
        except Exception as error:
            raise UnreadableError(f"{self.ref!r} cannot be read: {type(error).__name__}: {error}"[:300]) from error


def _store(scheme: str) -> Any:
    try:
        import fsspec  # type: ignore[import-untyped]

        return fsspec.filesystem(scheme, use_listings_cache=False)
    except ImportError as error:
        raise KitError(
            f"{scheme}:// needs more than the base install: {error}", hint=EXTRA.get(scheme, OTHER)
        ) from error
    except Exception as error:
        raise UnreadableError(f"{scheme}:// cannot be set up: {error}"[:300], hint="check your credentials") from error


def _below(path: str, key: str) -> str:
    inside = path.removeprefix(key).lstrip("/")
    return inside or path.rpartition("/")[2]


def _entry(name: str, row: dict[str, Any]) -> Entry:
    size = row.get("size")
    if not is_plain(name):
        return Entry(name=name, size=0, kind=EntryKind.UNREADABLE, why="the key leads elsewhere")
    if not isinstance(size, int) or size < 0:
        return Entry(name=name, size=0, kind=EntryKind.UNREADABLE, why="the store tells no size")
    return Entry(name=name, size=size)
