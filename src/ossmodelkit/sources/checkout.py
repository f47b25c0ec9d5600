"""What git runs out of a folder that is a checkout: settings and hooks in its `.git`, which is no part of a model."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from ossmodelkit.core.artifact import Inventory
from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import SourceError
from ossmodelkit.sources.local import LocalSource

SETTINGS = ("config", "config.worktree")
MOST_HOOKS = 100  # git knows about thirty


class Checkout:
    """The few files of a `.git` that make git start something, as a source of their own."""

    def __init__(self, ref: str, files: dict[str, Path]) -> None:
        self.ref = ref
        self._sources = {name: LocalSource(path) for name, path in files.items()}

    @cached_property
    def inventory(self) -> Inventory:
        """The settings, and the hooks that are switched on."""
        listed = ((name, source.inventory.entries[0]) for name, source in sorted(self._sources.items()))
        return Inventory(ref=self.ref, entries=tuple(replace(entry, name=name) for name, entry in listed))

    def open(self, name: str) -> BinaryIO:
        """One of the files. Raises `SourceError` for any other."""
        if name not in self._sources:
            raise SourceError(f"no file {name!r} in {self.ref!r}")
        source = self._sources[name]
        return source.open(source.inventory.entries[0].name)


def checkout_of(source: Source) -> Checkout | None:
    """What git would run in this folder; None where it is no checkout, or lies somewhere else."""
    if not isinstance(source, LocalSource) or source.single:
        return None
    git = source.path / ".git"
    if git.is_symlink() or not git.is_dir():
        return None
    hooks = sorted((git / "hooks").glob("*")) if not (git / "hooks").is_symlink() else []
    wanted = [*(git / name for name in SETTINGS), *(one for one in hooks if one.suffix != ".sample")][:MOST_HOOKS]
    files = {f".git/{one.relative_to(git).as_posix()}": one for one in wanted if one.is_file() and not one.is_symlink()}
    return Checkout(source.ref, files) if files else None
