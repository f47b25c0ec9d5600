"""`kit status`: what this project knows."""

from __future__ import annotations

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Output, Outputs, show
from ossmodelkit.reporting.formats import Format


def status(output: Output = Format.TEXT, files: Outputs = None) -> None:
    """Every payload this project has evidence about, judged again as of today.

    Examples:

        kit status

        kit status --format json
    """
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.status import status as run

    report = run(desk=desk_here())
    show(report, output, files or ())
    raise exit_for(report.outcome)
