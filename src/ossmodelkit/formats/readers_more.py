"""Readers of everything that is neither a pickle nor an archive."""

from __future__ import annotations

from ossmodelkit.formats.reading import Reader

MORE: tuple[Reader, ...] = ()
