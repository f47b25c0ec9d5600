"""`kit calibrate`: measure this machine's card once."""

from __future__ import annotations

from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Output, Outputs, show
from ossmodelkit.reporting.formats import Format


def calibrate(
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Keep the record for all projects of this user, not for this one.")
    ] = False,
    measurement: Annotated[
        str, typer.Option("--measurement", help="Conclude from this file in place of measuring.", show_default=False)
    ] = "",
    output: Output = Format.TEXT,
    files: Outputs = None,
) -> None:
    """Measure this machine's card once, so that later estimates rest on it.

    Takes about a minute on an idle card: its context, the matrix library's workspace, reserved over
    allocated memory, tokens a second and power, on six kinds of real steps. Exit code 3 without a card.

    Examples:

        kit calibrate

        kit calibrate --everywhere --format json
    """
    from ossmodelkit.workflow.calibrate import Wanted
    from ossmodelkit.workflow.calibrate import calibrate as run
    from ossmodelkit.workflow.desk import desk_here

    report = run(Wanted(everywhere=everywhere, measurement=measurement), desk=desk_here())
    show(report, output, files or ())
    raise exit_for(report.outcome)
