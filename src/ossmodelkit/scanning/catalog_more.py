"""Checks of everything that is neither a pickle nor an archive."""

from __future__ import annotations

from ossmodelkit.core.check import Check

MORE: tuple[Check, ...] = ()
