"""Models that the hub's own tools have downloaded before: read from their cache, without network.

A snapshot consists of links into the blobs of its repository; those links, and no others, are followed.
Source: huggingface_hub, "Understand caching"; blobs shared between repositories since 2.4.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from ossmodelkit.foundation.limits import MIB
from ossmodelkit.sources.hub_refs import HubRef
from ossmodelkit.sources.local import LocalSource
from ossmodelkit.sources.names import is_plain

COMMIT = re.compile(r"[0-9a-f]{40}")
BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
MOST_LIST_BYTES = 32 * MIB
REPOSITORY = re.compile(r"(?:models|datasets|spaces)--.+")


def cached(cache: Path, at: HubRef, ref: str) -> LocalSource | None:
    """The snapshot of `at`, where the cache holds it."""
    repository = cache / at.folder
    commit = at.revision if COMMIT.fullmatch(at.revision) else _commit(repository, at.revision)
    snapshot = repository / "snapshots" / commit
    place = snapshot / at.path
    if not commit or not place.exists():
        return None
    return SnapshotSource(place, ref, snapshot)


class SnapshotSource(LocalSource):
    """A snapshot, or a folder or file of it, through its links. It may hold less than the repository does."""

    def __init__(self, path: Path, ref: str, snapshot: Path) -> None:
        super().__init__(path, ref=ref, revision=snapshot.name, follow=BlobRule(snapshot))
        self._snapshot = snapshot

    @property
    def remark(self) -> str:
        """What a report must say: files that were never downloaded have not been judged."""
        listed = _listed(self._snapshot)
        missing = sum(not os.path.lexists(self._snapshot / name) for name in listed)
        if listed and not missing:
            return ""
        what = f"{missing} of {len(listed)} files of the repository are" if listed else "what was not downloaded is"
        return f"read from the hub cache; {what} not in it and not judged"


def snapshot_around(path: Path) -> Path | None:
    """The snapshot that `path` is, or lies in; None where it is an ordinary folder."""
    whole = path.absolute()
    for folder in (whole, *whole.parents):
        if folder.parent.name == "snapshots" and COMMIT.fullmatch(folder.name):
            repository = folder.parent.parent
            return folder if REPOSITORY.fullmatch(repository.name) and (repository / "blobs").is_dir() else None
    return None


class BlobRule:
    """Which file a link of a snapshot stands for: a blob of the same repository, and nothing else."""

    def __init__(self, snapshot: Path) -> None:
        repository = snapshot.parent.parent.resolve()
        self._blobs = repository / "blobs"
        self._shared = repository.parent / "blobs"

    def __call__(self, link: str) -> str | None:
        """The path of the blob, or None when the link leads anywhere else."""
        blob = _one_step(Path(link))
        if blob.parent != self._blobs or not BLOB.fullmatch(blob.name):
            return None
        if not blob.is_symlink():
            return str(blob)
        shared = _one_step(blob)
        wanted = self._shared / shared.name[:2] / shared.name
        return str(shared) if shared == wanted and BLOB.fullmatch(shared.name) else None


def _listed(snapshot: Path) -> tuple[str, ...]:
    """The names that the hub had listed for this commit, where its tools have kept them (since 2.4)."""
    try:
        with (snapshot.parent.parent / "trees" / f"{snapshot.name}.json").open("rb") as file:
            files = json.loads(file.read(MOST_LIST_BYTES))["files"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()
    return tuple(filter(is_plain, files)) if isinstance(files, dict) else ()


def _one_step(link: Path) -> Path:
    """Where `link` leads, by its text: a link behind it is not followed."""
    return Path(os.path.normpath(link.parent.resolve() / link.readlink()))


def _commit(repository: Path, revision: str) -> str:
    """The commit that a branch or tag stood for when it was downloaded."""
    try:
        with (repository / "refs" / revision).open("rb") as file:
            told = file.read(64).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return told if COMMIT.fullmatch(told) else ""
