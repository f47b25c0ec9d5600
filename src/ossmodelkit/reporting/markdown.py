"""The report as Markdown, for a pull request or a wiki page."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.report import Report, Table
from ossmodelkit.reporting.alike import Alike, alike
from ossmodelkit.reporting.escaping import markdown
from ossmodelkit.reporting.terminal import MARKS


def write(report: Report) -> str:
    """A heading with the verdict, then findings, gaps, tables and notes."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# kit {report.command}: {MARKS[report.outcome]} {markdown(report.verdict)}"
    yield ""
    yield f"**{markdown(report.subject)}** — {markdown(report.summary)}"
    for kind in alike(report.findings):
        yield ""
        yield from _kind(kind)
    if report.gaps:
        yield "\n## Could not be judged\n"
        yield from (
            f"- {markdown(str(gap.at))}: {markdown(gap.reason)} {markdown(gap.remedy)}".rstrip() for gap in report.gaps
        )
    for table in report.tables:
        yield ""
        yield from _table(table)
    if report.notes:
        yield ""
        yield from (f"- {markdown(note)}" for note in report.notes)
    if report.next_steps:
        yield "\n## Next\n"
        yield from (f"- {markdown(step)}" for step in report.next_steps)


def _kind(kind: Alike) -> Iterator[str]:
    finding, several = kind.first, len(kind.findings) > 1
    yield f"## {finding.severity}: {finding.check}" + (f" ({len(kind.findings)} times)" if several else "")
    yield ""
    yield f"{markdown(finding.title)}"
    yield ""
    if several:
        yield from ("| where | saw |", "|---|---|")
        yield from (f"| {markdown(str(one.at))} | {markdown(one.saw)} |" for one in kind.findings)
        yield ""
    else:
        yield f"- where: {markdown(str(finding.at))}"
        if finding.saw:
            yield f"- saw: {markdown(finding.saw)}"
    if finding.clause:
        unread = " (text not read by us)" if finding.verified is False else ""
        yield f"- from: {markdown(finding.clause)}{unread}"
    if finding.remedy:
        yield f"- do: {markdown(finding.remedy)}"


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield f"## {markdown(table.title)}\n"
    yield "| " + " | ".join(markdown(head) for head in table.columns) + " |"
    yield "|" + "---|" * len(table.columns)
    for row in table.rows:
        yield "| " + " | ".join(markdown(cell) for cell in row) + " |"
    if table.note:
        yield f"\n{markdown(table.note)}"
