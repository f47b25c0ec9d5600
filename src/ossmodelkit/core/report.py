"""One report for every command: what was asked, what came out, and where to look next.

Reports are leaves: nothing is ever read back out of a rendered one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ossmodelkit.core.finding import Finding, Gap
from ossmodelkit.core.policy import Outcome

SCHEMA = "urn:ossmodelkit:report:v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings; a single row of facts is a table of two columns.

    `bars` names a column of numbers that a page may draw as bars; every other reader shows the numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    bars: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Numbers over the steps of something, as (x, y); pages draw them, and `data` holds them for machines."""

    title: str
    over: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a command has to say.

    `verdict` is the word of that command (clean, ok, fits, …); `outcome` is the answer behind it and
    decides the exit code. `data` holds the machine's view: its keys stand at the top level of the
    JSON form.
    """

    command: str
    subject: str
    verdict: str
    outcome: Outcome
    summary: str
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    asked: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
