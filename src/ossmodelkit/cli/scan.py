"""`kit scan`: would loading this harm us?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Jobs, Online, Output, Outputs, show
from ossmodelkit.core.finding import Severity
from ossmodelkit.reporting.formats import Format


def scan(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Files, folders, globs, - or hub:org/name."),
    ],
    output: Output = Format.TEXT,
    files: Outputs = None,
    jobs: Jobs = 0,
    fail_on: Annotated[
        Severity, typer.Option("--fail-on", help="Refuse from this severity on.", case_sensitive=False)
    ] = Severity.MEDIUM,
    waivers: Annotated[
        Path | None, typer.Option("--waivers", metavar="FILE", help="Accepted findings, as [[waiver]] tables.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Only findings that are not in it count.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write all findings as known.")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Keep the result as evidence in the project.")] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Report, and leave with 0.")] = False,
    against: Annotated[
        str, typer.Option("--against", metavar="BASE", help="Tell which weights differ from this base.")
    ] = "",
    claim: Annotated[
        str, typer.Option("--claim", metavar="WHAT", help="What may differ: full, none, all-linear, or q_proj,v_proj.")
    ] = "",
    download: Annotated[
        Path | None, typer.Option("--download", metavar="FOLDER", help="Fetch a remote model here if it passes.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on: scan each file that arrives in one folder.")] = False,
    online: Online = False,
) -> None:
    """Look for code that loading a model would run, without loading it.

    Every file is read as everything a loader could take it for, by content and not by name. The verdict
    is clean (exit 0), suspicious or dangerous (exit 1), or incomplete (exit 3).

    Examples:

        kit scan ./model

        kit scan "downloads/**/*.pt" --jobs 4 --format json

        curl -s https://example.org/model.pkl | kit scan -

        kit scan ./model --fail-on high -o sarif=scan.sarif

        kit scan ~/Downloads --watch

        kit scan ./tuned --against ./base --claim q_proj,v_proj

        kit scan hub:org/name --online --download ./name
    """
    from ossmodelkit.foundation.progress import for_people
    from ossmodelkit.project.waivers import read_waivers
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.scan import scan as run

    if watch:
        _watch(paths, output, fail_on)
    if download:
        from ossmodelkit.workflow.download import download as fetch

        run = partial(fetch, folder=download)
    report = run(
        paths,
        desk=desk_here(progress=for_people()),
        online=online,
        jobs=jobs,
        fail_on=fail_on,
        waivers=read_waivers(waivers) if waivers else (),
        record=record,
        against=against,
        claim=claim,
        baseline=baseline,
        write_baseline=write_baseline,
    )
    show(report, output, files or ())
    if not exit_zero:
        raise exit_for(report.outcome)


def _watch(paths: list[str], output: Format, fail_on: Severity) -> None:
    """Show a report for each file that arrives, until interrupted."""
    from ossmodelkit.foundation.errors import UsageError
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.watch import watch

    if len(paths) != 1:
        raise UsageError(f"--watch takes one folder, not {len(paths)}", hint="start one for each folder")
    for report in watch(Path(paths[0]), desk=desk_here(), fail_on=fail_on):
        show(report, output)
