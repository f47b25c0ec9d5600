"""The report for a person at a terminal: verdict first, then what to do, then the details."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from ossmodelkit.core.finding import Finding, Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.reporting.alike import Alike, alike
from ossmodelkit.reporting.escaping import one_line

MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCOMPLETE: "?"}
COLORS = {"✓": "32", "✗": "31", "?": "33", "bold": "1", "dim": "2"}
SEVERITY_COLORS = {
    Severity.CRITICAL: "31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "2",
}
MOST_OF_A_KIND = 5
MOST_GAPS = 20
WIDEST_CELL = 100
WIDEST_PLACE = 60


def write(report: Report, *, color: bool = False) -> str:
    """Plain text; with `color`, ANSI colors on the verdict and the severities."""
    return "\n".join(_lines(report, _Paint(color))) + "\n"


class _Paint:
    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on else text


def _lines(report: Report, paint: _Paint) -> Iterator[str]:
    mark = MARKS[report.outcome]
    yield (paint(f"{mark} {report.verdict}", COLORS["bold"] + ";" + COLORS[mark]) + f"  {one_line(report.subject)}")
    if report.summary:
        yield f"  {one_line(report.summary)}"
    for kind in alike(report.findings):
        yield ""
        yield from _finding(kind.first, paint) if len(kind.findings) == 1 else _several(kind, paint)
    if report.gaps:
        yield "\n  " + paint("could not be judged", COLORS["?"])
        for gap in report.gaps[:MOST_GAPS]:
            yield f"  ? {one_line(str(gap.at))}: {one_line(gap.reason)}" + (
                f"; {one_line(gap.remedy)}" if gap.remedy else ""
            )
        if len(report.gaps) > MOST_GAPS:
            yield f"    … and {len(report.gaps) - MOST_GAPS} more"
    for table in report.tables:
        yield ""
        yield from _table(table, paint)
    if report.notes:
        yield ""
        yield from (f"  {one_line(note)}" for note in report.notes)
    if report.next_steps:
        yield "\n  " + paint("next", COLORS["bold"])
        yield from (f"  {one_line(step)}" for step in report.next_steps)


def _several(kind: Alike, paint: _Paint) -> Iterator[str]:
    """One head, the first places with what was seen there, and one remedy."""
    findings = kind.findings
    yield _head(kind.first, f"{len(findings)} times", paint)
    yield f"            {one_line(kind.first.title)}"
    shown = findings if len(findings) <= MOST_OF_A_KIND + 1 else findings[:MOST_OF_A_KIND]
    width = min(max(len(one_line(str(finding.at))) for finding in shown), WIDEST_PLACE)
    for finding in shown:
        yield f"            {one_line(str(finding.at)):<{width}}  {one_line(finding.saw)}".rstrip()
    if more := findings[len(shown) :]:
        last = one_line(str(more[-1].at))
        yield f"            … and {len(more)} more of this kind, up to {last}; --format json has all"
    yield from _advice(kind.first)


def _finding(finding: Finding, paint: _Paint) -> Iterator[str]:
    yield _head(finding, one_line(str(finding.at)), paint)
    yield f"            {one_line(finding.title)}"
    if finding.saw:
        yield f"            saw   {one_line(finding.saw)}"
    yield from _advice(finding)


def _head(finding: Finding, rest: str, paint: _Paint) -> str:
    severity = paint(f"{finding.severity:<8}", SEVERITY_COLORS[finding.severity])
    return f"  {severity}  {paint(finding.check, COLORS['bold'])}  {rest}"


def _advice(finding: Finding) -> Iterator[str]:
    if finding.clause:
        unread = "" if finding.verified is not False else "  (text not read by us)"
        yield f"            from  {one_line(finding.clause)}{unread}"
    if finding.remedy:
        yield f"            do    {one_line(finding.remedy)}"


def _table(table: Table, paint: _Paint) -> Iterator[str]:
    rows = [tuple(_wrapped(cell) for cell in row) for row in table.rows]
    heads = [tuple(_wrapped(head) for head in table.columns)] if any(table.columns) else []
    widths = [max(len(line) for row in (*heads, *rows) for line in row[i]) for i in range(len(table.columns))]
    if table.title:
        yield "  " + paint(one_line(table.title), COLORS["bold"])
    for row in heads if rows else []:
        yield from ("  " + paint(line, COLORS["dim"]) for line in _in_columns(row, widths))
    for row in rows:
        yield from ("  " + line for line in _in_columns(row, widths))
    if table.note:
        yield f"  {one_line(table.note)}"


def _wrapped(cell: str) -> list[str]:
    """A cell as lines: what a person has to copy is never cut."""
    text = one_line(cell)
    if len(text) <= WIDEST_CELL:
        return [text]
    import textwrap

    return textwrap.wrap(text, WIDEST_CELL)


def _in_columns(row: tuple[list[str], ...], widths: list[int]) -> Iterator[str]:
    for lines in zip_longest(*row, fillvalue=""):
        yield "  ".join(line.ljust(width) for line, width in zip(lines, widths, strict=True)).rstrip()
