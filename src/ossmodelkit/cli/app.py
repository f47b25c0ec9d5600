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

# Each command with its panel and its line in the help. `cli/<command>.py` holds it: a function of that
# name or, for a command with verbs of its own, a Typer called `app`. The line is told here so that
# `kit --help` need not load the commands; a test holds the two together.
COMMANDS = {
    "audit": (ADOPT, "License, lineage and security of a model, before you adopt it."),
    "scan": (ADOPT, "Look for code that loading a model would run, without loading it."),
    "license": (ADOPT, "Licenses: audit a model, identify a text, decide a case, write the notices."),
    "data": (MAKE, "Check, clean, convert, mix and augment training data."),
    "estimate": (MAKE, "Memory, time and cost of a training step, before anything is downloaded or started."),
    "plan": (MAKE, "Methods, quantization, recomputing and micro-batches for your cards, and what nothing beats."),
    "calibrate": (MAKE, "Measure this machine's card once, so that later estimates rest on it."),
    "finetune": (MAKE, "Tune a model by a plan, and make the result a subject with its lineage."),
    "release": (SHIP, "Judge the checklist, write card, notices and bills of materials, sign the folder."),
    "verify": (
        SHIP,
        "Verify a release: signature, every file, then the verdict judged again from the evidence inside.",
    ),
    "key": (SHIP, "Make and show signing keys."),
    "init": (HOUSE, "Make a folder a project: settings in kit.toml, evidence in .kit/evidence."),
    "status": (HOUSE, "Every payload this project has evidence about, judged again as of today."),
    "explain": (HOUSE, "What a finding means, an example of it, and what to do."),
    "demo": (HOUSE, "Build, audit, fine-tune, release and verify a small model, offline, in about a minute."),
}

EPILOG = "Exit codes: 0 pass · 1 refused · 2 usage · 3 could not judge · 4 integrity · 5 internal · 130 interrupted"


def build(wanted: str = "", *, plain: bool = False) -> typer.Typer:
    """The Typer application with the command `wanted`, or with the list of all commands when it is not known.

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
    if wanted in COMMANDS:
        _load(app, wanted)
    else:
        for name, (panel, line) in COMMANDS.items():
            app.command(name, help=line, rich_help_panel=panel)(_listed_only)
    return app


def _load(app: typer.Typer, name: str) -> None:
    module = import_module(f"ossmodelkit.cli.{name}")
    if group := getattr(module, "app", None):
        app.add_typer(group, name=name)
    else:
        app.command(name)(getattr(module, name))


def _listed_only() -> None:
    """Stand in for a command in the list of all commands."""


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kit {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """What every command shares."""


def main() -> None:
    """Run the command line: the entry point of `kit` and `ossmodelkit`."""
    words = _words()
    asks_help = not words or bool({"-h", "--help"} & set(words))
    wanted = words[0] if words else ""
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


def _words() -> list[str]:
    """The words after `kit`: typed and sent off, or typed so far while the shell asks for completions."""
    if not any(name.endswith("_COMPLETE") for name in os.environ):
        return sys.argv[1:]
    typed = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")
    return typed.split()[1:]


def _complain(message: str, hint: str) -> None:
    from ossmodelkit.reporting.escaping import one_line

    text = f"kit: {one_line(message)}" + (f"\n     {one_line(hint)}" if hint else "")
    typer.echo(text, err=True)
