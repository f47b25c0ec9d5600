"""What a file of training data is, and what reading it yields: rows, each with its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One file to read: the name to show, its size in bytes, and a way to open it from the start."""

    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one row may cost; a row beyond is named and skipped, never held.

    Compared with what a row of a chat data set needs, both are far off: 16 MiB is a long book.
    """

    row_bytes: int = 16 * MIB
    sniffed_bytes: int = 64 * 1024


class Flaw(NamedTuple):
    """What is wrong with a row as it was read: the rule, what was seen, and the field if there is one."""

    rule: str
    saw: str
    field: str = ""


class Row(NamedTuple):
    """One row. A tuple, because there are millions: line (from 1), value, size, flaws, and which element of its
    array it is (from 0; -1 where there is none).

    `line` is the physical line the row starts on, counted by line feeds; in Parquet, which has no lines,
    it is the row's number. `value` is None where the row could not be read.
    """

    line: int
    value: Any
    size: int
    flaws: tuple[Flaw, ...] = ()
    element: int = -1
