"""Models that the hub's own tools have downloaded before: read from their cache, without network.

A snapshot consists of links into the blobs of its repository; those links, and no others, are followed.
Source: huggingface_hub, "Understand caching"; blobs shared between repositories since 2.4.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ossmodelkit.sources.hub_refs import HubRef
from ossmodelkit.sources.local import LocalSource

COMMIT = re.compile(r"[0-9a-f]{40}")
BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
REPOSITORY = re.compile(r"(?:models|datasets|spaces)--.+")


def cached(cache: Path, at: HubRef, ref: str) -> LocalSource | None:
    """The snapshot of `at`, where the cache holds it."""
    repository = cache / at.folder
    commit = at.revision if COMMIT.fullmatch(at.revision) else _commit(repository, at.revision)
    snapshot = repository / "snapshots" / commit
    place = snapshot / at.path
    if not commit or not place.exists():
        return None
    return LocalSource(place, ref=ref, revision=commit, follow=BlobRule(snapshot))


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
