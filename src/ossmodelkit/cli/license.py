"""`kit license`: may we use it, and what do we owe?"""

from __future__ import annotations

from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Model, Online, Output, Outputs, show
from ossmodelkit.reporting.formats import Format

app = typer.Typer(
    help="Licenses: audit, identify, decide, lineage, notice, explain, compat, choose.", no_args_is_help=True
)


@app.command()
def audit(
    model: Model,
    output: Output = Format.TEXT,
    files: Outputs = None,
    online: Online = False,
    license_text: Annotated[
        str, typer.Option("--license-text", metavar="FILE", help="The file in the model that holds its license.")
    ] = "",
) -> None:
    """License, lineage and duties of a model, for the use that kit.toml describes.

    Examples:

        kit license audit ./Llama-3.1-8B

        kit license audit ./model --format json
    """
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.license import license as run

    report = run(model, desk=desk_here(), online=online, license_text=license_text)
    show(report, output, files or ())
    raise exit_for(report.outcome)
