"""The shipped tables that checks decide by, read once: `configs/scan/*.toml`."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any

from ossmodelkit.foundation.resources import config


@cache
def table(name: str) -> dict[str, Any]:
    """One table as plain values."""
    import tomllib

    return tomllib.loads(config("scan", f"{name}.toml").read_text(encoding="utf-8"))


@cache
def words(name: str, *path: str) -> frozenset[str]:
    """A list of names in a table."""
    found: Any = table(name)
    for part in path:
        found = found[part]
    return frozenset(found)


class Reach(StrEnum):
    """Where a dotted name leads."""

    DENIED = "denied"
    KNOWN = "known"
    UNKNOWN = "unknown"


def reach_of(dotted: str) -> Reach:
    """Whether importing `dotted` is denied, known or unknown; the longest matching prefix counts."""
    parts = dotted.strip().split(".")
    if any(part.startswith("__") or part in ("os", "subprocess", "sys", "builtins") for part in parts):
        return Reach.DENIED
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in words("imports", "denied"):
            return Reach.DENIED
        if prefix in words("imports", "known"):
            return Reach.KNOWN
    return Reach.UNKNOWN
