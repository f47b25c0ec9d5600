"""A model in a folder, or one file of it. Symbolic links are listed and never followed.

What was listed is what may be opened: a name that leads to another file by then, or a file that changes
while it is read, is an error, because the digest, the scan and the loader would each have seen other bytes.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from ossmodelkit.core.artifact import Entry, EntryKind, Inventory
from ossmodelkit.foundation.errors import (
    LimitExceededError,
    NothingToJudgeError,
    SourceError,
    UnreadableError,
)

DEEPEST = 64
MOST_ENTRIES = 1_000_000
NEVER_MODEL = frozenset({".git", ".kit"})  # at the top only: further down a loader may be sent there
BUFFER = 64 * 1024

LinkRule = Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes it the same unchanged file: device, inode, size in bytes, time of change in ns."""

    device: int
    inode: int
    size: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Identity:
        """The identity behind a stat result."""
        return cls(device=found.st_dev, inode=found.st_ino, size=found.st_size, changed_ns=found.st_mtime_ns)


def _follow_nothing(link: str) -> str | None:
    return None


class LocalSource:
    """A folder's files, or a single file under its own name.

    `follow` may name the file behind a link where a layout is known to consist of links (see
    `hub_cache`); `ref` and `revision` are what the user called it and what that stood for.
    """

    def __init__(self, path: Path, *, ref: str = "", revision: str = "", follow: LinkRule = _follow_nothing) -> None:
        self.path = path
        self.single = not path.is_dir()
        self._ref = ref or str(path)
        self._revision = revision
        self._follow = follow
        self._listed: dict[str, tuple[str, Identity]] = {}

    @property
    def ref(self) -> str:
        """The path as the user gave it."""
        return self._ref

    @property
    def root(self) -> Path:
        """The folder that names are relative to."""
        return self.path.parent if self.single else self.path

    @cached_property
    def inventory(self) -> Inventory:
        """All entries below the root, sorted; a `.git` or `.kit` at the top is not part of a model.

        Raises `NothingToJudgeError` when a folder holds no file and `LimitExceededError` when it holds a million.
        """
        if self.single:
            # A link that the user named is meant to be followed; only links found inside a model are not.
            entries: tuple[Entry, ...] = (self._entry(os.path.realpath(self.path), self.path.name),)
        else:
            entries = tuple(sorted(self._walk(), key=lambda entry: entry.name))
        if not entries:
            raise NothingToJudgeError(f"{self.ref!r} is an empty folder", hint="give a folder that holds a model")
        return Inventory(ref=self.ref, entries=entries, revision=self._revision)

    @property
    def identities(self) -> dict[str, Identity]:
        """Every file as it was when it was listed."""
        return {name: identity for name, (_, identity) in self._listed.items()} if self.inventory else {}

    def open(self, name: str) -> BinaryIO:
        """The file `name`, as it was listed; closing it raises `UnreadableError` when it changed meanwhile."""
        if self.inventory and name not in self._listed:
            raise self._refusal(name)
        path, listed = self._listed[name]
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            number = os.open(path, flags)
        except OSError as error:
            raise UnreadableError(f"cannot read {name!r}: {error.strerror}", hint="check its rights") from error
        if Identity.of(os.fstat(number)) != listed:
            os.close(number)
            raise _changed(name)
        return io.BufferedReader(_Steady(number, name, listed), BUFFER)

    def _refusal(self, name: str) -> SourceError | UnreadableError:
        entry = self.inventory.find(name)
        if entry is None:
            return SourceError(f"no file {name!r} in {self.ref!r}")
        return UnreadableError(f"{name!r} is a {entry.kind}, not a file", hint=entry.why)

    def _walk(self) -> Iterator[Entry]:
        waiting = [(str(self.path), "", DEEPEST)]
        count = 0
        while waiting:
            folder, prefix, depth = waiting.pop()
            for entry in self._children(folder, prefix, depth, waiting):
                count += 1
                if count > MOST_ENTRIES:
                    raise LimitExceededError(
                        f"{self.ref!r} holds more than {MOST_ENTRIES:,} entries", hint="give the model's own folder"
                    )
                yield entry

    def _children(self, folder: str, prefix: str, depth: int, waiting: list[tuple[str, str, int]]) -> Iterator[Entry]:
        if depth == 0:
            yield _unreadable(prefix.rstrip("/"), "nested deeper than the limit allows")
            return
        try:
            with os.scandir(folder) as children:
                for child in children:
                    if not child.is_dir(follow_symlinks=False):
                        yield self._entry(child.path, prefix + child.name)
                    elif prefix or child.name not in NEVER_MODEL:
                        waiting.append((child.path, f"{prefix}{child.name}/", depth - 1))
        except OSError as error:
            yield _unreadable(prefix.rstrip("/") or ".", str(error.strerror))

    def _entry(self, path: str, name: str) -> Entry:
        try:
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                behind = self._follow(path)
                if behind is None:
                    return Entry(name=name, size=0, kind=EntryKind.SYMLINK, why=f"-> {Path(path).readlink()}")
                path, found = behind, os.lstat(behind)
        except OSError as error:
            return _unreadable(name, str(error.strerror))
        if not stat.S_ISREG(found.st_mode):
            return Entry(name=name, size=0, kind=EntryKind.SPECIAL, why=_special(found.st_mode))
        self._listed[name] = (path, Identity.of(found))
        return Entry(name=name, size=found.st_size)


class _Steady(io.FileIO):
    """A file that must still be the same when it is closed."""

    def __init__(self, number: int, name: str, listed: Identity) -> None:
        super().__init__(number, "rb")
        self._called = name
        self._listed = listed

    def close(self) -> None:
        if self.closed:
            return
        try:
            same = Identity.of(os.fstat(self.fileno())) == self._listed
        finally:
            super().close()
        if not same:
            raise _changed(self._called)


def _changed(name: str) -> UnreadableError:
    return UnreadableError(f"{name!r} changed while it was read", hint="wait until nobody writes to it, then try again")


def _unreadable(name: str, why: str) -> Entry:
    return Entry(name=name, size=0, kind=EntryKind.UNREADABLE, why=why)


def _special(mode: int) -> str:
    kinds = (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for test, name in kinds if test(mode)), "not a regular file")
