"""JSON Lines: one JSON value on each line (jsonlines.org)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from ossmodelkit.curating.reading.encoding import Line
from ossmodelkit.curating.row import Flaw, Row


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON (RFC 8259, section 6)")


def _finite(digits: str) -> float:
    """The number; one beyond what a double holds would come out as `Infinity`, which is not JSON."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:20]} is beyond the largest number")
    return number


DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def rows(lines: Iterable[Line]) -> Iterator[Row]:
    """A row for every line that is not blank; a broken one carries the reason and no value."""
    for number, text, size, flaws in lines:
        stripped = text.strip(" \t\r\n")
        if not stripped:
            if flaws:
                yield Row(number, None, size, flaws)
            continue
        try:
            yield Row(number, DECODER.decode(stripped), size, flaws)
        except (ValueError, RecursionError) as error:
            yield Row(number, None, size, (*flaws, broken(error)))


def broken(error: Exception) -> Flaw:
    """The flaw of a row that is not JSON, with the column where reading stopped."""
    if isinstance(error, json.JSONDecodeError):
        return Flaw("data-broken-json", f"column {error.colno}: {error.msg}")
    return Flaw("data-broken-json", "nested too deep" if isinstance(error, RecursionError) else str(error)[:120])


def whole(text: str) -> Any:
    """The value of one complete JSON text.

    Raises `ValueError` or `RecursionError`.
    """
    return DECODER.decode(text)
