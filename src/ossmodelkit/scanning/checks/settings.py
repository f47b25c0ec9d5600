"""Settings files: what the program that reads them would start or import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.settings_files import Setting, Settings
from ossmodelkit.scanning.paths import leaves_folder
from ossmodelkit.scanning.python_effects import LOUD_ANYWHERE, effect_of
from ossmodelkit.scanning.tables import words

REMEDY = "Remove the file before you open the folder with the program that reads it."
# git runs these as commands (git-config(1)); a value that begins with `!` is one as well.
GIT_COMMANDS = re.compile(
    r"fsmonitor|sshcommand|hookspath|editor|pager|askpass|gitproxy|clean|smudge|process|textconv|command|driver|cmd"
    r"|program|uploadpack|receivepack|helper|diff\.external|external|templatedir|variant",
    re.IGNORECASE,
)
GIT_ORDINARY = frozenset({"true", "false", "", "store", "cache", "osxkeychain", "manager", "manager-core", "wincred"})
GIT_LFS = re.compile(r"git-lfs (clean|smudge|filter-process)( --skip)?( -- %f)?")
NETWORK_PATH = re.compile(r"\\\\[\w.-]+\\|file:/{2,}\w[\w.-]*\.[\w.-]*/", re.IGNORECASE)
LAUNCHES = re.compile(r"open|shellexecute|shell\\.*command|command", re.IGNORECASE)
DOTTED = re.compile(r"@?([A-Za-z_]\w*(?:\.\w+)+)(?:\(\))?")


@check("settings-run-code", reads=Settings, severity=Severity.HIGH)
def settings_run_code(file: Settings) -> Iterator[Hit]:
    """A settings file in this model starts a program or calls Python as soon as it is read.

    Nobody has to load the model: git, an editor, a desktop, `logging.config` or gin reads the file by its place.
    """
    rules = {"git": _git, "desktop": _desktop, "editor": _editor, "gin": _gin, "settings": _names_code}
    for setting in file.settings:
        if rules[file.tool](setting) or (file.tool == "settings" and _is_evaluated(setting)):
            at = replace(file.at, line=setting.line) if setting.line else file.at
            yield Hit(at=at, saw=f"{setting.key} = {setting.value}"[:160], remedy=REMEDY)


def _git(setting: Setting) -> bool:
    value = setting.value.strip("\"' ")
    key = setting.key.rpartition(".")[2]
    if GIT_COMMANDS.fullmatch(key) or key.lower().startswith("insteadof"):
        return value.lower() not in GIT_ORDINARY and not GIT_LFS.fullmatch(value) and key.lower() != "insteadof"
    if key == "url":
        return value.startswith(("-", "ext::", "fd::"))
    if setting.section.startswith("include"):
        return key == "path"
    return value.startswith("!") or (key == "path" and leaves_folder(value))


def _desktop(setting: Setting) -> bool:
    return bool(LAUNCHES.fullmatch(setting.key) and not setting.value.isdigit()) or bool(
        NETWORK_PATH.search(setting.value)
    )


def _editor(setting: Setting) -> bool:
    """What runs when a folder is opened: a task that says so, a tool of the folder's, a variable of the loader's."""
    if setting.key == "runOn":
        return setting.value == "folderOpen"
    if setting.key == "command":
        shell = setting.value.rpartition("/")[2] in ("sh", "bash", "zsh", "cmd", "powershell", "osascript")
        return ("mcpServers" in setting.section and shell) or setting.section.startswith("hooks.")
    if setting.key == "initializeCommand":  # the only one that runs on the host and not in the container
        return True
    if setting.key in ("git.path", "terminal.integrated.shell.linux", "terminal.integrated.shell.osx"):
        return not setting.value.startswith(("/bin/", "/usr/bin/"))
    if "terminal.integrated.env" in setting.key or "terminal.integrated.env" in setting.section:
        return any(name in setting.value or setting.key == name for name in words("python", "lists", "preloads"))
    if re.search(r"lint\w*path$|formatt\w*path$|executable$|compilerpath$", setting.key, re.IGNORECASE):
        return setting.value.startswith(("./", "../", "${workspaceFolder}")) and "venv" not in setting.value
    return False


def _gin(setting: Setting) -> bool:
    line = setting.value if not setting.key else f"{setting.key} = {setting.value}"
    if re.match(r"(import|from)\s", line):
        return _is_loud(re.split(r"[\s]+", line)[1] + ".x")
    if line.startswith("include"):
        return leaves_folder(line.partition(" ")[2].strip("\"' "))
    return any(_is_loud(found) for found in DOTTED.findall(line)) or "__" in line.replace("__gin__", "")


def _names_code(setting: Setting) -> bool:
    """INI and TOML that name a function: spaCy, hydra and others call it."""
    if setting.key in ("load_models", "allowed_urls"):  # TorchServe (CVE-2023-43654)
        return "://" in setting.value
    return any(_is_loud(found) for found in DOTTED.findall(setting.value) if setting.value.strip("\"'@() ") == found)


def _is_loud(dotted: str) -> bool:
    return effect_of(dotted) in LOUD_ANYWHERE


def _is_evaluated(setting: Setting) -> bool:
    """`logging.config.fileConfig` evaluates these (docs.python.org/3/library/logging.config.html)."""
    if not setting.section.startswith(("handler_", "formatter_")) or setting.key not in ("args", "kwargs", "class"):
        return False
    try:
        parts = list(ast.walk(ast.parse(setting.value, mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    called = [ast.unparse(part.func) for part in parts if isinstance(part, ast.Call)]
    return any("__" in name or _is_loud(name) for name in called)


CHECKS = (settings_run_code,)
