"""Put a release together beside its place and move it there whole: a crash leaves the old one or nothing.

In place, the old signature goes first and the new one comes last. Into another folder, everything is staged
in a sibling (weights as hard links) and renamed at the end. The staging folder holds the journal and the lock.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ossmodelkit.foundation.errors import UsageError
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
    with _writing(f"cannot write beside {str(target)!r}", hint="choose another --out"), _made(folder):
        _put_back(target, folder)
        write_atomic(folder / JOURNAL, json.dumps(journal, indent=1).encode())
        try:
            with _writing("cannot write the release", hint="check space and rights, then begin again"):
                yield Workplace(target=target.absolute(), folder=folder)
        finally:
            _put_back(target, folder)
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _writing(said: str, *, hint: str) -> Iterator[None]:
    """A full disk, missing rights and the like are the user's to mend, and the file is named."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise UsageError(f"{said}: {error.strerror or error}{where}", hint=hint) from error


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """The staging folder, held. Whoever ends at this moment takes it away with the lock: then it is made anew."""
    while True:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        _check_ours(folder)
        try:
            with locked(folder):
                yield
            return
        except _GoneError:
            continue


def _check_ours(folder: Path) -> None:
    """Refuse what somebody else laid there: a journal names commands that are run, and a link leads elsewhere."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise UsageError(f"{str(folder)!r} is a symbolic link", hint="remove it: a release is put together there")
    if not stat.S_ISDIR(found.st_mode):
        raise UsageError(
            f"cannot write beside it: {str(folder)!r} is no folder", hint="remove it, or choose another --out"
        )
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        hint = "remove it, or release into a folder that nobody else writes to"
        raise UsageError(f"{str(folder)!r} belongs to somebody else", hint=hint)


class _GoneError(Exception):
    """The folder was taken away while its lock was being reached for."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The lock of a staging folder; the system lets go of it when a process dies."""
    import fcntl

    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError as error:
        raise _GoneError(str(folder)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not (folder / LOCK).exists() or not os.path.samestat(os.fstat(handle), (folder / LOCK).stat()):
            raise _GoneError(str(folder))
    except BlockingIOError as error:
        raise UsageError("another release of this model is running", hint="wait for it to end") from error
    else:
        yield
    finally:
        os.close(handle)


def journal_of(target: Path) -> dict[str, Any]:
    """What an interrupted release of `target` was doing.

    Raises `UsageError` when there was none.
    """
    folder = place_for(target)
    try:
        _check_ours(folder)
        found = json.loads((folder / JOURNAL).read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no interrupted release of {str(target)!r}", hint="kit release MODEL --out DIR begins one"
        ) from error
    return dict(found)


def clean(target: Path) -> bool:
    """Remove what an interrupted release left; True when there was something."""
    folder = place_for(target)
    if not os.path.lexists(folder):
        return False
    _check_ours(folder)
    try:
        with locked(folder):
            _put_back(target, folder)
            shutil.rmtree(folder, ignore_errors=True)
    except _GoneError:
        return False
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
    for name in (SIGNATURE, CLAIMS, *documents):
        if (target / name).is_dir():
            raise UsageError(
                f"{name} is a folder in {str(target)!r}", hint="a release writes a file there: move it away"
            )
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
    for name, data in ((CLAIMS, claims), (SIGNATURE, signature)):
        if data:  # written beside the model: half a file among the weights would count as one of them
            _write(work.tree / name, data)
            (work.tree / name).replace(target / name)
            sync_folder(target)


def _put_back(target: Path, folder: Path) -> None:
    """An old release that was moved aside comes back where its successor never arrived, and goes where it did."""
    if (folder / OLD).is_dir() and not target.exists():
        (folder / OLD).rename(target)
    shutil.rmtree(folder / OLD, ignore_errors=True)


def _refuse_strangers(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{str(target)!r} is no folder", hint="choose another --out")
    if target.is_dir() and any(target.iterdir()) and not (target / INDEX).is_file():
        raise UsageError(f"{str(target)!r} is not empty and no release", hint="choose another --out")


def _link(source: Path, target: Path, *, copy: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not copy:
        with contextlib.suppress(OSError):
            os.link(source, target, follow_symlinks=False)
            return
    shutil.copyfile(source, target, follow_symlinks=False)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_all(folder: Path) -> None:
    for path in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        sync_folder(path)
