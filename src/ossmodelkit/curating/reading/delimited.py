"""CSV and TSV with a header (RFC 4180); a row's line is where it starts, even with line breaks in cells."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from ossmodelkit.curating.reading.encoding import Line
from ossmodelkit.curating.reading.json_lines import whole
from ossmodelkit.curating.row import Flaw, Row

DELIMITERS = ",;\t|"


class _Text:
    """Hands lines to the csv module, and keeps what was said about them."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = iter(lines)
        self.size = 0
        self.flawed: list[Row] = []

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.size += line.size
            if line.flaws:
                self.flawed.append(Row(line.number, None, 0, line.flaws))
            yield line.text

    def take_size(self) -> int:
        """The bytes since the last row."""
        taken, self.size = self.size, 0
        return taken

    def take_flawed(self) -> list[Row]:
        """The physical lines since the last row that had something wrong with them."""
        taken, self.flawed = self.flawed, []
        return taken


def delimiter(header: str) -> str:
    """The delimiter of a header line: the one that stands in it most often."""
    return max(DELIMITERS, key=header.count)


def rows(lines: Iterable[Line], separator: str, limit: int) -> Iterator[Row]:
    """A row for every record below the header; cells that hold a JSON list or object are read as such."""
    csv.field_size_limit(limit)
    text = _Text(lines)
    reader = csv.reader(iter(text), delimiter=separator, strict=True)
    header: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            yield from text.take_flawed()
            return
        except csv.Error as error:
            yield from text.take_flawed()
            yield Row(line, None, text.take_size(), (Flaw("data-ragged-row", str(error)),))
            continue
        yield from text.take_flawed()
        if header and cells:
            yield _row(line, header, cells, text.take_size())
        elif cells:
            header = [name.strip() for name in cells]
            if twice := _twice(header):
                yield Row(line, None, 0, twice)


def _row(line: int, header: list[str], cells: list[str], size: int) -> Row:
    flaws: tuple[Flaw, ...] = ()
    if len(cells) != len(header):
        flaws = (Flaw("data-ragged-row", f"{len(cells)} cells under {len(header)} headings"),)
    return Row(line, {name: _cell(cell) for name, cell in zip(header, cells, strict=False)}, size, flaws)


def _cell(cell: str) -> object:
    if cell.startswith(("[", '{"')):
        try:
            return whole(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def _twice(header: list[str]) -> tuple[Flaw, ...]:
    names = sorted({name for name in header if header.count(name) > 1})
    return (Flaw("data-ragged-row", f"the heading {names[0]!r} stands twice"),) if names else ()
