"""Scripts and install files among a model's texts: shells, batch files, requirement lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.reading import Blob

SHELL_ENDINGS = (".sh", ".bash", ".zsh", ".bat", ".cmd", ".ps1", ".vbs", ".command", ".desktop", ".scpt")
WEIGHT_ENDINGS = (".bin", ".pt", ".pth", ".ckpt", ".safetensors", ".gguf", ".onnx", ".h5", ".keras", ".pkl", ".npy")
REQUIREMENTS = re.compile(r"(requirements|constraints)[\w.-]*\.(txt|in)|pip\.conf|\.?pypirc")
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
    if shebang or name.endswith(SHELL_ENDINGS):
        words = [word for word in (shebang.groups() if shebang else ()) if word]
        interpreter = words[-1].rpartition("/")[2] if words else name.rpartition(".")[2]
        if not (name.endswith(".py") and interpreter.startswith("python")):
            disguised = bool(shebang) and name.endswith(WEIGHT_ENDINGS)
            yield Script(at=blob.at, interpreter=interpreter, text=text, disguised=disguised)
    elif name.endswith(WEIGHT_ENDINGS) and re.match(r"\s*(import|from|exec|def)\b[ (]", text):
        yield Script(at=blob.at, interpreter="python", text=text, disguised=True)
    if REQUIREMENTS.fullmatch(name):
        yield Requirements(at=blob.at, lines=tuple(text.splitlines()))
    elif ENVIRONMENTS.fullmatch(name):
        lines = tuple(line.strip().removeprefix("- ").strip("\"'") for line in text.splitlines())
        yield Requirements(at=blob.at, lines=lines)
