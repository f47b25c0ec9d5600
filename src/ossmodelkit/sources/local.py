"""A model in a folder, or one file of it. Symbolic links are listed and never followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from ossmodelkit.core.artifact import Entry, EntryKind, Inventory
from ossmodelkit.foundation.errors import NothingToJudgeError, SourceError, UnreadableError

DEEPEST = 64
MOST_ENTRIES = 1_000_000
NEVER_MODEL = frozenset({".git", ".kit"})


class LocalSource:
    """A folder's files, or a single file under its own name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.single = not path.is_dir()

    @property
    def ref(self) -> str:
        """The path as the user gave it."""
        return str(self.path)

    @property
    def root(self) -> Path:
        """The folder that names are relative to."""
        return self.path.parent if self.single else self.path

    @cached_property
    def inventory(self) -> Inventory:
        """All entries below the root, sorted; `.git` and `.kit` are not part of a model.

        Raises `SourceError` when nothing is there and `NothingToJudgeError` when a folder holds no file.
        """
        if self.single:
            return Inventory(ref=self.ref, entries=(self._entry(self.path, self.path.name),))
        entries = tuple(sorted(self._walk(self.path, "", DEEPEST), key=lambda e: e.name))
        if not entries:
            raise NothingToJudgeError(f"{self.ref!r} is an empty folder", hint="give a folder that holds a model")
        return Inventory(ref=self.ref, entries=entries)

    def open(self, name: str) -> BinaryIO:
        """The file `name`; refuses to follow a link or to open anything but a regular file."""
        entry = self.inventory.find(name)
        if entry is None:
            raise SourceError(f"no file {name!r} in {self.ref!r}")
        if entry.kind is not EntryKind.FILE:
            raise UnreadableError(f"{name!r} is a {entry.kind}, not a file", hint=entry.why)
        try:
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            return os.fdopen(os.open(self.root / name, flags), "rb")
        except OSError as error:
            raise UnreadableError(f"cannot read {name!r}: {error.strerror}") from error

    def _walk(self, folder: Path, prefix: str, depth: int) -> Iterator[Entry]:
        if depth == 0:
            yield Entry(name=prefix, size=0, kind=EntryKind.UNREADABLE, why="nested deeper than the limit allows")
            return
        try:
            with os.scandir(folder) as found:
                children = sorted(found, key=lambda child: child.name)
        except OSError as error:
            yield Entry(name=prefix, size=0, kind=EntryKind.UNREADABLE, why=str(error.strerror))
            return
        for child in children:
            name = f"{prefix}/{child.name}" if prefix else child.name
            if child.is_dir(follow_symlinks=False):
                if child.name not in NEVER_MODEL:
                    yield from self._walk(Path(child.path), name, depth - 1)
            else:
                yield self._entry(Path(child.path), name)

    def _entry(self, path: Path, name: str) -> Entry:
        try:
            found = path.lstat()
        except OSError as error:
            return Entry(name=name, size=0, kind=EntryKind.UNREADABLE, why=str(error.strerror))
        if stat.S_ISLNK(found.st_mode):
            return Entry(name=name, size=0, kind=EntryKind.SYMLINK, why=_target(path))
        if not stat.S_ISREG(found.st_mode):
            return Entry(name=name, size=0, kind=EntryKind.SPECIAL, why=_special(found.st_mode))
        return Entry(name=name, size=found.st_size)


def _target(path: Path) -> str:
    try:
        return f"-> {path.readlink()}"
    except OSError as error:
        return str(error.strerror)


def _special(mode: int) -> str:
    kinds = (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for test, name in kinds if test(mode)), "not a regular file")
