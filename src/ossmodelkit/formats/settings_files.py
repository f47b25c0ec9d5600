"""Settings that a program reads from the folder it stands in: git, gin, logging, editors, desktops, INI and TOML.

Whoever opens the folder has them read: an editor its tasks, git its helpers, a desktop its icons. Only the lines
`key = value` are read, with the section that they stand in; that is all these programs need to start something.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Place
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.errors import UnreadableError

LARGEST = 1_000_000  # characters; programs write none that is longer
ENDINGS = (".ini", ".cfg", ".conf", ".toml", ".properties")
DESKTOP = re.compile(r"autorun\.inf|desktop\.ini|[^/]*\.(url|scf)")
EDITOR = re.compile(
    r"(.*/)?((\.vscode|\.cursor|\.claude|\.gemini|\.windsurf|\.roo|\.kiro)/([\w-]+/)?[\w.-]+\.json|\.?devcontainer\.json"
    r"|\.?mcp\.json|[\w-]+\.code-workspace)"
)
SECTION = re.compile(r"\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}\s*(?:[#;].*)?$")
PAIR = re.compile(r"\s*([\w.@%/\"'<>-][^=:\n]*?)\s*[=:]\s*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One line: `handler_file` / `args` / `('x.log',)` / 12."""

    section: str
    key: str
    value: str
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one file, and the program that reads them."""

    at: Place
    tool: str
    settings: tuple[Setting, ...]


def views(blob: Blob, name: str, text: str) -> Iterator[Settings]:
    """The `Settings` that this text is, if any."""
    if len(text) > LARGEST:
        return
    path = "/".join((blob.at.path, *blob.at.members)).lower()
    if EDITOR.fullmatch(path):
        yield Settings(at=blob.at, tool="editor", settings=tuple(_of_json(text)))
        return
    tool = _tool(name, text)
    if tool:
        yield Settings(at=blob.at, tool=tool, settings=tuple(_of_lines(text)))


def _tool(name: str, text: str) -> str:
    if name in (".gitconfig", ".gitmodules") or (name in ("config", "config.worktree") and text.lstrip()[:1] == "["):
        return "git"
    if DESKTOP.fullmatch(name):
        return "desktop"
    if name.endswith(".gin"):
        return "gin"
    return "settings" if name.endswith(ENDINGS) else ""


def _of_lines(text: str) -> Iterator[Setting]:
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("#", ";")):
            continue
        opened = SECTION.match(line)
        pair = None if opened else PAIR.match(line)
        if opened:
            section = opened[1]
        elif pair:
            yield Setting(section=section, key=pair[1].strip("\"'"), value=pair[2].strip(), line=number)
        elif line.strip():
            yield Setting(section=section, key="", value=line.strip(), line=number)


def _of_json(text: str) -> Iterator[Setting]:
    """Every text of a JSON document with comments; a list of texts is one line of words."""
    try:
        value: Any = strict_json.parse_relaxed(text).value
    except UnreadableError:
        return
    for path, item in strict_json.objects(value):
        for key, inner in item.items():
            words = inner if isinstance(inner, list) else [inner]
            if all(isinstance(word, str) for word in words):
                yield Setting(section=strict_json.dotted(path), key=key, value=" ".join(words))
            elif isinstance(inner, dict):
                yield Setting(section=strict_json.dotted(path), key=key, value=json.dumps(inner)[:1000])
