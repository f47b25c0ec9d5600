"""Write docs/commands.md from the help of every command; a test holds the two together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
HEAD = """\
# Commands

The help of every command, as the program prints it. Written by `python tools/commands_page.py`.

Exit codes, the same for every command and every output format: 0 pass · 1 the policy refuses · 2 wrong usage or
configuration · 3 could not judge (incomplete, unreadable, nothing to check) · 4 integrity or signature failure ·
5 internal error · 130 interrupted.
"""


def page() -> str:
    """The whole page."""
    from ossmodelkit.cli.app import COMMANDS

    parts = [HEAD]
    for name in COMMANDS:
        parts += _section((name,))
        parts += [text for verb in _verbs(name) for text in _section((name, verb))]
    return "\n".join(parts)


def _verbs(name: str) -> list[str]:
    from importlib import import_module

    group = getattr(import_module(f"ossmodelkit.cli.{name}"), "app", None)
    if group is None:
        return []
    return [command.name or command.callback.__name__.replace("_", "-") for command in group.registered_commands]


def _section(words: tuple[str, ...]) -> list[str]:
    environment = os.environ | {"COLUMNS": "110", "TERMINAL_WIDTH": "110", "KIT_PLAIN_HELP": "1", "NO_COLOR": "1"}
    run = [sys.executable, "-m", "ossmodelkit", *words, "--help"]
    told = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    lines = "\n".join(line.rstrip() for line in told.stdout.strip().splitlines())
    return [f"## kit {' '.join(words)}", "", "```text", lines, "```", ""]


if __name__ == "__main__":
    PAGE.write_text(page())
