"""How long the bar of each number in a column is; no bars where the numbers cannot be compared."""

from __future__ import annotations

import re

NUMBER = re.compile(r"\s*[~≈<>≤≥]?\s*(\d{1,3}(?:[, ]\d{3})+|\d{1,18})(\.\d{1,9})?\s*([^\d\s]{0,8})\s*")
SCALES = {
    "bytes": {"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
    | {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40},
    "seconds": {"µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600},
}


def lengths(cells: tuple[str, ...]) -> tuple[float | None, ...]:
    """Each number as a share of the largest; None for a cell that is no number.

    All are None when the units differ and have no common scale, or when nothing is above zero.
    """
    values = [_value(cell) for cell in cells]
    largest = max((number for number, _ in filter(None, values)), default=0.0)
    if largest <= 0 or len({unit for _, unit in filter(None, values)}) != 1:
        return (None,) * len(cells)
    return tuple(value and value[0] / largest for value in values)


def is_number(cell: str) -> bool:
    """Whether a cell is a number with at most a unit."""
    return _value(cell) is not None


def _value(cell: str) -> tuple[float, str] | None:
    found = NUMBER.fullmatch(cell)
    if not found:
        return None
    number = float(re.sub(r"\D", "", found[1]) + (found[2] or ""))
    for scale, units in SCALES.items():
        if found[3] in units:
            return number * units[found[3]], scale
    return number, found[3]
