"""The report as one HTML file: nothing is loaded, nothing runs, and a stranger's text stays text.

A policy inside the page allows its own style by hash and forbids all else, so that even a mistake in the
escaping could not run a script or reach a server. Source: W3C Content Security Policy Level 3.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit import __version__
from ossmodelkit.core.finding import Severity
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation import resources, templates
from ossmodelkit.reporting import bars, curves
from ossmodelkit.reporting.alike import Alike, alike
from ossmodelkit.reporting.escaping import one_line
from ossmodelkit.reporting.terminal import MARKS

MOST_FINDINGS = 2_000
MOST_ROWS = 5_000
BAR = 240  # units of the drawing, for the longest bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All findings of one severity, those together that say the same, and how many are left out."""

    severity: Severity
    kinds: tuple[Alike, ...]
    count: int
    hidden: int

    @property
    def open(self) -> bool:
        """Whether the page shows them without being asked."""
        return self.severity.rank >= Severity.LOW.rank


def write(report: Report) -> str:
    """The whole page."""
    style = (resources.folder("templates") / "report.css").read_text(encoding="utf-8")
    values: dict[str, Any] = {
        "report": report,
        "mark": MARKS[report.outcome],
        "groups": tuple(_groups(report)),
        "tables": [_shown(table) for table in report.tables if table.rows],
        "curves": [drawn for curve in report.curves if (drawn := curves.draw(curve))],
        "most_gaps": MOST_FINDINGS,
        "asked": sorted(set(report.asked)),
        "style": style,
        "style_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "version": __version__,
    }
    return templates.render("report.html.j2", values, filters={"shown": _text})


def _groups(report: Report) -> Iterator[Group]:
    left = MOST_FINDINGS
    for severity in reversed(Severity):
        found = sorted((one for one in report.findings if one.severity is severity), key=lambda one: one.order)
        if found:
            kinds, count = alike(found[:left]), len(found)
            yield Group(severity=severity, kinds=kinds, count=count, hidden=max(0, count - left))
            left = max(0, left - count)


def _shown(table: Table) -> dict[str, Any]:
    """A table with what the page needs to know of its columns."""
    rows = table.rows[:MOST_ROWS]
    count = len(table.columns)
    columns = [[row[number] for row in rows if row[number]] for number in range(count)]
    numeric = [bool(cells) and all(bars.is_number(cell) for cell in cells) for cells in columns]
    drawn = table.columns.index(table.bars) if table.bars in table.columns else -1
    drawing = bars.lengths(tuple(row[drawn] for row in rows)) if drawn >= 0 else (None,) * len(rows)
    return {
        "title": table.title,
        "heads": list(zip(table.columns, numeric, strict=True)) if any(table.columns) else [],
        "rows": [(list(zip(row, numeric, strict=True)), share) for row, share in zip(rows, drawing, strict=True)],
        "drawn": drawn if any(drawing) else -1,
        "hidden": len(table.rows) - len(rows),
        "note": table.note,
        "bar": BAR,
    }


def _text(value: object) -> str:
    return one_line(str(value))
