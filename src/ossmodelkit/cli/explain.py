"""`kit explain`: what a finding means."""

from __future__ import annotations

from typing import Annotated

import typer


def _complete(incomplete: str) -> list[str]:
    from ossmodelkit.workflow.explain import pages

    return [name for name in pages() if name.startswith(incomplete)]


def explain(
    check_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a check, as reports show it.", autocompletion=_complete)
    ] = "",
    every: Annotated[bool, typer.Option("--list", help="List the ids of all checks.")] = False,
) -> None:
    """What a finding means, an example of it, and what to do.

    Examples:

        kit explain pickle-imports-shell

        kit explain --list
    """
    from ossmodelkit.workflow.explain import explain as run
    from ossmodelkit.workflow.explain import pages

    typer.echo("\n".join(pages()) if every or not check_id else run(check_id))
