"""Scripts and install files among a model's texts: shells, batch files, requirement lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.errors import UnreadableError

SHELLS = (".sh", ".bash", ".zsh", ".command", ".desktop", ".scpt")
SHELL_ENDINGS = (*SHELLS, ".bat", ".cmd", ".ps1", ".vbs", ".vbe", ".jse", ".wsf", ".wsh", ".hta", ".reg")
WEIGHT_ENDINGS = (".bin", ".pt", ".pth", ".ckpt", ".safetensors", ".gguf", ".onnx", ".h5", ".keras", ".pkl", ".npy")
REQUIREMENTS = re.compile(r"(requirements|constraints)[\w.-]*\.(txt|in)|pip\.(conf|ini)|\.?pypirc|\.npmrc|\.condarc")
PACKAGING = frozenset({"pyproject.toml", "pipfile", "uv.toml", "poetry.toml", "setup.cfg"})
INDEX = re.compile(
    r"\s*(?:(?:extra|default)[_-])?(?:index|find|dependency)[_-](?:url|links)\s*=\s*[\[\"']*([^\s\"'\]]+)"
)
SOURCE_TABLE = re.compile(r"\s*\[\[?(?:tool\.(?:poetry\.source|uv\.index|pdm\.source)|source)\]")
DIRECT = re.compile(r"""["']([\w.\[\],-]+\s*@\s*[\w+]+://[^"']+)["']|\bgit\s*=\s*["']([^"']+)["']""")
UNQUOTED = re.compile(r"\s+[\w.\[\],-]+\s*@\s*[\w+]+://\S+")  # a requirement in `setup.cfg`
# What a shell runs when it starts, or enters the folder (direnv).
SHELL_STARTS = re.compile(
    r"\.envrc|\.(bash|zsh|k?sh)(rc|env|_?profile|_?login|_?logout|_aliases)|\.profile|\.xprofile|\.xinitrc"
)
# What other programs run when they start in the folder.
OTHER_STARTS = re.compile(
    r"\.(gdbinit|lldbinit|vimrc|nvimrc|exrc|octaverc|emacs|irbrc|pryrc|pythonrc|psqlrc|tclshrc)|\.dir-locals\.el"
)
R_STARTS = re.compile(r"\.rprofile|rprofile(\.site)?")
# Texts that carry commands for some other program: build files, jobs, containers, editors.
RECIPES = re.compile(
    r"(gnu)?makefile|(docker|container|jenkins|just|proc|snake|task|vagrant)file|[\w.-]+\.(mk|dockerfile|rs|gyp|cmake|ninja|r|tf|service)"
    r"|\.gitlab-ci\.yml|cmakelists\.txt|tox\.ini|(docker-)?compose[\w.-]*\.ya?ml|tasks\.json|launch\.json|\.?devcontainer\.json"
    r"|workspace\.xml|build\.gradle|pom\.xml|config\.toml"
)
# What npm runs by itself when a package is installed; and from a checkout, where many packages build themselves.
INSTALL_HOOKS = ("preinstall", "install", "postinstall")
CHECKOUT_HOOKS = ("prepare", "prepublish", "preprepare", "postprepare")
ENVIRONMENTS = re.compile(r"(conda|environment|python_env)[\w.-]*\.ya?ml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script for a command interpreter; `disguised` when its name claims weights."""

    at: Place
    interpreter: str
    text: str
    disguised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """The lines of a pip requirements file."""

    at: Place
    lines: tuple[str, ...]


def views(blob: Blob, name: str, text: str) -> Iterator[object]:
    """The `Script` or `Requirements` that this text is, if any."""
    shebang = re.match(r"#!\s*(\S+)(?:[ \t]+(\S+))?", text)
    if shebang or name.endswith(SHELL_ENDINGS) or SHELL_STARTS.fullmatch(name):
        words = [word for word in (shebang.groups() if shebang else ()) if word]
        interpreter = words[-1].rpartition("/")[2] if words else name.rpartition(".")[2]
        interpreter = "sh" if not words and SHELL_STARTS.fullmatch(name) else interpreter
        if not (name.endswith(".py") and interpreter.startswith("python")):
            disguised = bool(shebang) and name.endswith(WEIGHT_ENDINGS)
            yield Script(at=blob.at, interpreter=interpreter, text=text, disguised=disguised)
    elif name.endswith(WEIGHT_ENDINGS) and re.match(r"\s*(import|from|exec|def)\b[ (]", text):
        yield Script(at=blob.at, interpreter="python", text=text, disguised=True)
    if name in PACKAGING:
        yield Requirements(at=blob.at, lines=tuple(_packages(text)))
    elif name == "package.json":
        for interpreter, hooks in (("npm", INSTALL_HOOKS), ("recipe", CHECKOUT_HOOKS)):
            if commands := _npm_hooks(text, hooks):
                yield Script(at=blob.at, interpreter=interpreter, text=commands)
    elif name.endswith(".ipynb") and (cells := _code_cells(text)):
        yield Script(at=blob.at, interpreter="notebook", text=cells)
    elif OTHER_STARTS.fullmatch(name):
        yield Script(at=blob.at, interpreter=name.strip("."), text=text)
    elif R_STARTS.fullmatch(name):
        yield Script(at=blob.at, interpreter="R", text=text)
    elif RECIPES.fullmatch(name):
        yield Script(at=blob.at, interpreter="recipe", text=text)
    elif REQUIREMENTS.fullmatch(name):
        yield Requirements(at=blob.at, lines=tuple(text.splitlines()))
    elif ENVIRONMENTS.fullmatch(name):
        lines = tuple(line.strip().removeprefix("- ").strip("\"'") for line in text.splitlines())
        yield Requirements(at=blob.at, lines=lines)


def _packages(text: str) -> Iterator[str]:
    """Line by line, what a project file says as pip's own files would say it; empty where it says nothing."""
    in_source = False
    for line in text.splitlines():
        if UNQUOTED.fullmatch(line):
            yield line.strip()
            continue
        if line.lstrip().startswith("["):
            in_source = SOURCE_TABLE.match(line) is not None
        index = INDEX.match(line) or (in_source and re.match(r"\s*url\s*=\s*[\"']([^\"']+)", line))
        direct = DIRECT.search(line)
        if index:
            yield f"--index-url {index[1]}"
        else:
            yield (direct[1] or f"git+{direct[2]}") if direct else ""


def _npm_hooks(text: str, hooks: tuple[str, ...]) -> str:
    try:
        scripts = strict_json.parse(text).value.get("scripts")
    except (UnreadableError, AttributeError):
        return ""
    return "\n".join(str(scripts[hook]) for hook in hooks if hook in scripts) if isinstance(scripts, dict) else ""


def _code_cells(text: str) -> str:
    try:
        cells = strict_json.parse(text).value["cells"]
    except (UnreadableError, TypeError, KeyError):
        return ""
    return code_of(cells)


def code_of(cells: Iterable[object]) -> str:
    """The program that the code cells of a notebook are together."""
    code = [cell.get("source") for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    return "\n".join("".join(map(str, source)) for source in code if source)
