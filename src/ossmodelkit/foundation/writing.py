"""Write a file so that a crash leaves the old bytes or the new ones, never half of either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write to a temporary name beside `path`, fsync, then rename over it.

    Raises `OSError` as the operating system gives it; nothing is left behind then.
    """
    with _written(path, data, mode) as written:
        written.replace(path)
    sync_folder(path.parent)


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> bool:
    """Write `path` only where nothing is yet; False when somebody was first."""
    with _written(path, data, mode) as written:
        try:
            os.link(written, path)
        except FileExistsError:
            return False
    sync_folder(path.parent)
    return True


@contextmanager
def _written(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """A temporary file beside `path` that holds `data` safely; gone afterwards unless it was renamed."""
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        written.chmod(mode)
        yield written
    finally:
        written.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; file systems that cannot are let off."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
