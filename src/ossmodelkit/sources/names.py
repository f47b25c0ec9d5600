"""Names that a stranger gave to files."""

from __future__ import annotations

LONGEST = 4096


def is_plain(name: str) -> bool:
    """Whether a name from a listing stays below the folder it is put in."""
    if {"", ".", ".."} & set(name.split("/")) or {"\0", "\\"} & set(name) or len(name) > LONGEST:
        return False
    return not any("\ud800" <= char <= "\udfff" for char in name)  # halves of characters, which no file has
