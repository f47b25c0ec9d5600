"""Rules about rows that could not be read as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Place, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Flawed:
    """Something wrong with one line: the rule it breaks and what was seen."""

    path: str
    line: int
    rule: str
    saw: str
    field: str = ""

    def hit(self, remedy: str) -> Hit:
        """This, with what to do about it."""
        members = (self.field,) if self.field else ()
        return Hit(at=Place(path=self.path, members=members, line=self.line), saw=self.saw, remedy=remedy)


@check("data-broken-json", reads=Flawed, severity=Severity.HIGH)
def broken_json(flawed: Flawed) -> Iterator[Hit]:
    """This line is not JSON.

    A loader stops here, or skips the row without a word.
    """
    if flawed.rule == "data-broken-json":
        yield flawed.hit("Mend the line, or let kit data clean leave it out.")


@check("data-not-an-object", reads=Flawed, severity=Severity.HIGH)
def not_an_object(flawed: Flawed) -> Iterator[Hit]:
    """This row is JSON, but no object with named fields."""
    if flawed.rule == "data-not-an-object":
        yield flawed.hit('Write every row as an object, such as {"messages": [...]}.')


@check("data-row-too-large", reads=Flawed, severity=Severity.HIGH)
def row_too_large(flawed: Flawed) -> Iterator[Hit]:
    """This row is larger than any row may be, and was not read.

    A missing line break joins rows; a binary file has none at all.
    """
    if flawed.rule == "data-row-too-large":
        yield flawed.hit("Look for a missing line break or quote, or split the row.")


@check("data-ragged-row", reads=Flawed, severity=Severity.HIGH)
def ragged_row(flawed: Flawed) -> Iterator[Hit]:
    """This record does not fit the table's header or the rules of CSV."""
    if flawed.rule == "data-ragged-row":
        yield flawed.hit("Look for a missing or superfluous quote or delimiter.")


@check("data-mixed-encoding", reads=Flawed, severity=Severity.MEDIUM)
def mixed_encoding(flawed: Flawed) -> Iterator[Hit]:
    """This line is not in the encoding of its file.

    Loaders stop at it, or put a replacement character into what the model learns.
    """
    if flawed.rule == "data-mixed-encoding":
        yield flawed.hit("Write the whole file as UTF-8; kit data clean does, reading such lines as Windows-1252.")


RULES = (broken_json, not_an_object, row_too_large, ragged_row, mixed_encoding)
