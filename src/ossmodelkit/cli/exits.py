"""From an outcome to an exit code, the same for every command and every output format."""

from __future__ import annotations

import typer

from ossmodelkit.core.policy import Outcome

CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCOMPLETE: 3}


def exit_for(outcome: Outcome) -> typer.Exit:
    """The exception that ends a command with the code of `outcome`."""
    return typer.Exit(CODES[outcome])
