"""Put a release together beside its place and move it there whole: a crash leaves the old one or nothing.

In place, the old signature goes first and the new one comes last. Into another folder, everything is staged
in a sibling (weights as hard links) and renamed at the end. The staging folder holds the journal and the lock.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ossmodelkit.foundation.errors import KitError, UsageError
from ossmodelkit.foundation.writing import sync_folder, write_atomic
from ossmodelkit.releasing.layout import INDEX, is_generated
from ossmodelkit.releasing.manifest import CLAIMS, SIGNATURE

JOURNAL, LOCK, TREE, OLD = "journal.json", "lock", "tree", "old"
Finish = Callable[[], tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The staging folder of one release, held by us alone."""

    target: Path
    folder: Path

    @property
    def tree(self) -> Path:
        """Where the release grows."""
        return self.folder / TREE


def place_for(target: Path) -> Path:
    """The staging folder of a release that is to lie at `target`."""
    target = target.absolute()
    return target.with_name(f".{target.name}.kit-release")


@contextlib.contextmanager
def held(target: Path, journal: Mapping[str, Any]) -> Iterator[Workplace]:
    """Hold the staging folder of `target`, with what is being done written down.

    The folder is gone afterwards unless the process was killed; then `resume` and `clean` find it.
    Raises `UsageError` while another release of the same target runs.
    """
    folder = place_for(target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write beside {str(target)!r}: {error.strerror}", hint="choose another --out"
        ) from error
    with locked(folder):
        _put_back(target, folder)
        write_atomic(folder / JOURNAL, json.dumps(journal, indent=1).encode())
        try:
            yield Workplace(target=target.absolute(), folder=folder)
        finally:
            _put_back(target, folder)
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The lock of a staging folder; the system lets go of it when a process dies."""
    import fcntl

    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise UsageError("another release of this model is running", hint="wait for it to end") from error
    else:
        yield
    finally:
        os.close(handle)


def journal_of(target: Path) -> dict[str, Any]:
    """What an interrupted release of `target` was doing.

    Raises `UsageError` when there was none.
    """
    try:
        found = json.loads((place_for(target) / JOURNAL).read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no interrupted release of {str(target)!r}", hint="kit release MODEL --out DIR begins one"
        ) from error
    return dict(found)


def clean(target: Path) -> bool:
    """Remove what an interrupted release left; True when there was something."""
    folder = place_for(target)
    if not folder.is_dir():
        return False
    with locked(folder):
        _put_back(target, folder)
        shutil.rmtree(folder, ignore_errors=True)
    return True


def into_new_folder(
    work: Workplace, source: Path, payload: Iterable[str], documents: Mapping[str, bytes], finish: Finish, *, copy: bool
) -> None:
    """Stage everything, sign, and rename into place; a release that lay there is replaced as a whole."""
    _refuse_strangers(work.target)
    shutil.rmtree(work.tree, ignore_errors=True)
    work.tree.mkdir()
    for name in payload:
        _link(source / name, work.tree / name, copy=copy)
    for name, data in documents.items():
        _write(work.tree / name, data)
    signature, claims = finish()
    _write(work.tree / SIGNATURE, signature)
    if claims:
        _write(work.tree / CLAIMS, claims)
    _sync_all(work.tree)
    if work.target.exists():
        work.target.rename(work.folder / OLD)
    work.tree.rename(work.target)
    sync_folder(work.target.parent)
    shutil.rmtree(work.folder / OLD, ignore_errors=True)


def in_place(work: Workplace, documents: Mapping[str, bytes], finish: Finish) -> None:
    """Write the documents among the weights: the old signature first goes, the new one comes last."""
    target = work.target
    shutil.rmtree(work.tree, ignore_errors=True)
    for name, data in documents.items():
        _write(work.tree / name, data)
    signature, claims = finish()
    for name in (SIGNATURE, CLAIMS):
        (target / name).unlink(missing_ok=True)
    sync_folder(target)
    for path in [p for p in (target / "release").rglob("*") if p.is_file()]:
        name = path.relative_to(target).as_posix()
        if is_generated(name) and name not in documents:
            path.unlink()
    for name in documents:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (work.tree / name).replace(target / name)
    _sync_all(target)
    if claims:
        write_atomic(target / CLAIMS, claims)
    write_atomic(target / SIGNATURE, signature)


def _put_back(target: Path, folder: Path) -> None:
    """An old release that was moved aside while its successor never arrived comes back."""
    if (folder / OLD).is_dir() and not target.exists():
        (folder / OLD).rename(target)


def _refuse_strangers(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{str(target)!r} is no folder", hint="choose another --out")
    if target.is_dir() and any(target.iterdir()) and not (target / INDEX).is_file():
        raise UsageError(f"{str(target)!r} is not empty and no release", hint="choose another --out")


def _link(source: Path, target: Path, *, copy: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not copy:
            os.link(source, target, follow_symlinks=False)
            return
    except OSError:
        pass
    try:
        shutil.copyfile(source, target, follow_symlinks=False)
    except OSError as error:
        raise KitError(f"cannot copy {str(source)!r}: {error.strerror}", hint="check space and rights") from error


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise KitError(f"cannot write {str(path)!r}: {error.strerror}", hint="check space and rights") from error


def _sync_all(folder: Path) -> None:
    for path in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        sync_folder(path)
