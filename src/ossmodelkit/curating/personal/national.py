"""National identity, tax and insurance numbers: by form, then by the check digits that python-stdnum knows.

The forms are data: `configs/data/national.toml`. Where the form alone is not enough, a word before the
number must call it one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from ossmodelkit.curating.personal.context import nearest
from ossmodelkit.curating.personal.found import Found
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.wire import from_wire

RULE = "data-national-id"
WORD = "national"
LONGEST_TAIL = 4  # what may follow the last digit of a run: a mark and a check letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One kind of number: its form, the module of `stdnum` that checks it, and whether a word must name it."""

    name: str
    form: str
    check: str = ""
    named: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    lettered: tuple[Number, ...]
    telling: tuple[Number, ...]
    digits: tuple[Number, ...]


@cache
def _table() -> _Table:
    path = resources.config("data", "national.toml")
    return from_wire(_Table, tomllib.loads(path.read_text(encoding="utf-8")), where=str(path))


@cache
def _one_of(kinds: tuple[Number, ...]) -> re.Pattern[str]:
    forms = "|".join(f"(?P<n{number}>{kind.form})" for number, kind in enumerate(kinds))
    return re.compile(rf"(?<![\w.\-/])(?:{forms})(?![\w]|[.\-/]\d)", re.ASCII)


def lettered(text: str, field: str) -> Iterator[Found]:
    """Numbers that begin with letters."""
    for found, kind in _checked(_one_of(_table().lettered).finditer(text), _table().lettered):
        if not kind.named or nearest(text, found.start, field) == WORD:
            yield found


def in_digits(text: str, start: int, end: int, field: str) -> Iterator[Found]:
    """Numbers that begin with the digits between `start` and `end`."""
    table, stop = _table(), min(len(text), end + LONGEST_TAIL)
    yield from (found for found, _ in _checked(_one_of(table.telling).finditer(text, start, stop), table.telling))
    if nearest(text, start, field) != WORD:
        return
    for kind in table.digits:  # one by one: several have the same form and other check digits
        yield from (found for found, _ in _checked(_one_of((kind,)).finditer(text, start, stop), (kind,)))


def _checked(matches: Iterator[re.Match[str]], kinds: tuple[Number, ...]) -> Iterator[tuple[Found, Number]]:
    for match in matches:
        kind = kinds[int((match.lastgroup or "n0")[1:])]
        if not kind.check or _validator(kind.check)(match[0]):
            yield Found(match.start(), match.end(), RULE, match[0]), kind


@cache
def _validator(module: str) -> Callable[[str], bool]:
    found: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return found
