"""Files that a loader reads as plain data: read to be sure of it, and nothing more to say."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.core.finding import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """Bytes whose format can hold no code, no path to open and no template."""

    at: Place
    kind: str
