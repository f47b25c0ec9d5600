"""The table of contents is true, and the shell can complete what it lists."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import pytest

from ossmodelkit.cli.app import COMMANDS, build


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_is_the_first_line_of_the_command(name: str) -> None:
    module = import_module(f"ossmodelkit.cli.{name}")
    group = getattr(module, "app", None)
    told = group.info.help if group else getattr(module, name).__doc__
    assert told.strip().splitlines()[0] == COMMANDS[name][1]


@pytest.mark.parametrize("name", COMMANDS)
def test_only_the_wanted_command_is_built(name: str) -> None:
    app = build(name)
    assert len(app.registered_commands) + len(app.registered_groups) == 1


def test_help_lists_every_command() -> None:
    told = subprocess.run([sys.executable, "-m", "ossmodelkit", "--help"], capture_output=True, text=True, check=True)
    assert all(f" {name} " in told.stdout for name in COMMANDS)


@pytest.mark.parametrize(
    ("typed", "at", "offered"),
    [
        pytest.param("kit au", 1, "audit", id="a command"),
        pytest.param("kit key g", 2, "gen", id="a verb"),
        pytest.param("kit scan --form", 2, "--format", id="an option"),
        pytest.param("kit explain pickle-imports-sh", 2, "pickle-imports-shell", id="the id of a check"),
    ],
)
def test_the_shell_completes(typed: str, at: int, offered: str) -> None:
    asked = {"_KIT_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(at)}
    run = [sys.executable, "-m", "ossmodelkit"]
    told = subprocess.run(run, env=os.environ | asked, capture_output=True, text=True, check=False)
    assert offered in told.stdout.split()
