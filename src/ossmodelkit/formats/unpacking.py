"""What unpacking any archive would create: names, links and devices."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.core.finding import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """One entry; `link` is where a link leads (from the archive's root for a `hard` one)."""

    name: str
    link: str = ""
    hard: bool = False
    device: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unpacking:
    """Everything that an archive holds, by name."""

    at: Place
    entries: tuple[Unpacked, ...]
