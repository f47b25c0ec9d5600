"""`kit init`: make a folder a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ossmodelkit.cli.options import Output, show
from ossmodelkit.reporting.formats import Format


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the project.", file_okay=False)] = Path(),
    output: Output = Format.TEXT,
) -> None:
    """Make a folder a project: settings in kit.toml, evidence in .kit/evidence.

    What is already there is kept.

    Examples:

        kit init

        kit init my-model
    """
    from ossmodelkit.workflow.init import init as run

    show(run(folder), output)
