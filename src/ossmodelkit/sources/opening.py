"""From what the user typed to a source."""

from __future__ import annotations

import os
from pathlib import Path

from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import SourceError
from ossmodelkit.sources.local import LocalSource


def open_source(ref: str, *, online: bool = False) -> Source:
    """The source behind `ref`: a path today; hub ids and URLs join here.

    Raises `SourceError` when there is nothing.
    """
    if ref.startswith("hub:") or "://" in ref:
        raise SourceError(f"{ref!r} is remote", hint="download it first and give the folder")
    path = Path(ref)
    if not os.path.lexists(path):
        hint = "give a folder, a file, or hub:org/name"
        raise SourceError(f"no model at {ref!r}", hint=hint)
    if path.is_symlink() and not path.exists():
        raise SourceError(f"{ref!r} is a link to nothing", hint="give the folder it should point to")
    return LocalSource(path)
