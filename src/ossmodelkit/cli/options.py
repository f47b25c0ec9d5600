"""The options that several commands share, and how a report leaves the program."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.reporting.formats import Format


def _complete_path(incomplete: str) -> Iterable[str]:
    folder, _, start = incomplete.rpartition("/")
    try:
        names = sorted(Path(folder or ".").iterdir())
    except OSError:
        return ()
    prefix = f"{folder}/" if folder else ""
    return (prefix + path.name + ("/" if path.is_dir() else "") for path in names if path.name.startswith(start))


Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="A folder, a file, or hub:org/name@revision.", autocompletion=_complete_path),
]
Output = Annotated[Format, typer.Option("--format", "-f", help="How to show the report.", case_sensitive=False)]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="[KIND=]PATH",
        help="Also write the report here; may be repeated.",
        show_default=False,
    ),
]

Online = Annotated[
    bool, typer.Option("--online", help="Allow the network, for hub:org/name and URLs.", envvar="KIT_ONLINE")
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Files read at once; 0 takes what the machine has.")]


def show(report: Report, output: Format, files: Iterable[str] = ()) -> None:
    """Print the report, and write it to every `[kind=]path` asked for."""
    from ossmodelkit.foundation.writing import write_atomic
    from ossmodelkit.reporting.formats import format_for, render

    for wanted in files or ():
        kind, path = format_for(wanted)
        try:
            write_atomic(path, render(report, kind).encode())
        except OSError as error:
            raise UsageError(f"cannot write the report to {path}: {error.strerror}") from error
    text = render(report, output, color=output is Format.TEXT and _wants_color())
    typer.echo(text, nl=not text.endswith("\n"))


def _wants_color() -> bool:
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
