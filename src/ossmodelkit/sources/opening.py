"""From what the user typed to a source. Nothing is fetched unless the user allowed the network."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import SourceError
from ossmodelkit.sources.local import LocalSource

ALLOW = "KIT_ONLINE"
YES = frozenset({"1", "on", "yes", "true"})
HANDED = re.compile(r"/dev/(?:stdin|fd/\d{1,4})")  # what a shell writes for <(command)
NAMED = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(?:@\S+)?", re.ASCII)


def open_source(ref: str, *, online: bool = False) -> Source:
    """The source behind `ref`: a path, `-`, `hub:org/name@revision`, an https or a store's URL.

    `online` allows the network, as `KIT_ONLINE=1` does. Raises `SourceError` when there is nothing, or when
    it lies behind a network that is not allowed.
    """
    if ref == "-":
        from ossmodelkit.sources.piped import PipedSource

        return PipedSource(sys.stdin.buffer)
    if HANDED.fullmatch(ref) and Path(ref).is_fifo():
        from ossmodelkit.sources.piped import PipedSource

        with Path(ref).open("rb") as pipe:
            return PipedSource(pipe, ref=ref)
    if "://" in ref or ref.startswith("hub:"):
        from ossmodelkit.sources.remote import open_remote_source

        return open_remote_source(ref, online=online or _allowed())
    return _open_path(ref)


def _allowed() -> bool:
    return os.environ.get(ALLOW, "").lower() in YES


def _open_path(ref: str) -> LocalSource:
    path = Path(ref)
    try:
        there, dead = os.path.lexists(path), path.is_symlink() and not path.exists()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{ref[:80]!r} cannot be a path: {why}", hint="check the name") from error
    if not ref or not there:
        hint = f"did you mean hub:{ref}?" if NAMED.fullmatch(ref) else "give a folder, a file, or hub:org/name"
        raise SourceError(f"no model at {ref!r}", hint=hint)
    if dead:
        raise SourceError(f"{ref!r} is a link to nothing", hint="give the folder it should point to")
    if "snapshots" in path.absolute().parts:
        from ossmodelkit.sources.hub_cache import SnapshotSource, snapshot_around

        if snapshot := snapshot_around(path):
            return SnapshotSource(path, ref, snapshot)
    return LocalSource(path, ref=ref)
