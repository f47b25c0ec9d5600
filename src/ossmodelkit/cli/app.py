"""The table of contents of the command line, and the one place where errors are caught."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated

import typer

from ossmodelkit import __version__
from ossmodelkit.foundation.errors import KitError

ADOPT, MAKE, SHIP, HOUSE = "Adopt a model", "Make it yours", "Ship it", "Around the house"

# Command, its panel in the help, and the module that holds it. A module may offer a function
# called like the command or, for a command with verbs of its own, a Typer called `app`.
COMMANDS = {
    "audit": ADOPT,
    "scan": ADOPT,
    "license": ADOPT,
    "data": MAKE,
    "estimate": MAKE,
    "finetune": MAKE,
    "release": SHIP,
    "verify": SHIP,
    "key": SHIP,
    "init": HOUSE,
    "status": HOUSE,
    "explain": HOUSE,
    "demo": HOUSE,
}

EPILOG = "Exit codes: 0 pass · 1 refused · 2 usage · 3 could not judge · 4 integrity · 5 internal · 130 interrupted"


def build(wanted: str = "", *, plain: bool = False) -> typer.Typer:
    """The Typer application; with a known command in `wanted`, only that one is loaded.

    `plain` draws help and usage errors without rich, which costs a third of the start.
    """
    app = typer.Typer(
        name="kit",
        help="Audit, fine-tune, release and verify open AI models, with the evidence to prove it.",
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None if plain else "markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in [wanted] if wanted in COMMANDS else COMMANDS:
        module = import_module(f"ossmodelkit.cli.{name}")
        if group := getattr(module, "app", None):
            app.add_typer(group, name=name, rich_help_panel=COMMANDS[name])
        else:
            app.command(name, rich_help_panel=COMMANDS[name])(getattr(module, name))
    return app


def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"kit {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line: the entry point of `kit` and `ossmodelkit`."""
    words = sys.argv[1:]
    completing = any(name.endswith("_COMPLETE") for name in os.environ)
    asks_help = not words or bool({"-h", "--help"} & set(words))
    wanted = words[0] if words and not completing else ""
    try:
        build(wanted, plain=not asks_help or bool(os.environ.get("KIT_PLAIN_HELP")))(prog_name="kit")
    except KitError as error:
        _complain(error.message, error.hint)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _complain("interrupted", "")
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("KIT_DEBUG"):
            raise
        _complain(
            f"internal error: {type(error).__name__}: {error}",
            "set KIT_DEBUG=1 for the traceback, and report it",
        )
        raise SystemExit(5) from None


def _complain(message: str, hint: str) -> None:
    from ossmodelkit.reporting.escaping import one_line

    text = f"kit: {one_line(message)}" + (f"\n     {one_line(hint)}" if hint else "")
    typer.echo(text, err=True)
