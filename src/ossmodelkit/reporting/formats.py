"""Which ways of showing a report there are."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from pathlib import Path

from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean


class Format(StrEnum):
    """The readers a report can be written for."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "md"
    HTML = "html"
    SARIF = "sarif"
    JUNIT = "junit"


WRITERS = {
    Format.TEXT: "terminal",
    Format.JSON: "machine",
    Format.MARKDOWN: "markdown",
    Format.HTML: "webpage",
    Format.SARIF: "sarif",
    Format.JUNIT: "junit",
}
ENDINGS = {".txt": Format.TEXT, ".htm": Format.HTML, ".xml": Format.JUNIT} | {f".{kind}": kind for kind in Format}


def render(report: Report, output: Format, *, color: bool = False) -> str:
    """The report as text in one format; the same report gives the same bytes."""
    writer = import_module(f"ossmodelkit.reporting.{WRITERS[output]}")
    text: str = writer.write(report, color=color) if output is Format.TEXT else writer.write(report)
    return text


def format_for(wanted: str) -> tuple[Format, Path]:
    """Split `kind=path`, or tell the kind from the ending of a bare path.

    Raises `UsageError` for a kind or ending that is not known.
    """
    kind, equals, path = wanted.partition("=")
    if equals and kind in list(Format):
        return Format(kind), Path(path)
    ending = Path(wanted).suffix
    if ending in ENDINGS:
        return ENDINGS[ending], Path(wanted)
    raise UsageError(f"cannot tell the format of {wanted!r}", hint=did_you_mean(kind, Format) + "; write KIND=PATH")
