"""What a dotted Python name does, by `configs/scan/python.toml`, and how bad that is where it stands."""

from __future__ import annotations

import ast
from functools import cache

from ossmodelkit.core.finding import Severity
from ossmodelkit.scanning.tables import table, words

EFFECTS = ("process", "code", "native", "unpickle", "import", "hook", "network", "secret", "delete", "write")
SAVING = ("save", "export", "write", "dump", "convert", "download", "cache", "main", "test", "train", "push")
LOUD_ANYWHERE = ("process", "code", "native", "unpickle", "hook")


@cache
def _sinks() -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Exact names, and prefixes, each with its effect."""
    exact: dict[str, str] = {}
    prefixes: list[tuple[str, str]] = []
    for effect in EFFECTS:
        for name in table("python")[effect]["names"]:
            if name.endswith("*"):
                prefixes.append((name[:-1], effect))
            else:
                exact.setdefault(name, effect)
    return exact, tuple(prefixes)


@cache
def effect_of(dotted: str) -> str:
    """The effect that a dotted name has, also when it is reached through another module (`logging.os.system`)."""
    exact, prefixes = _sinks()
    parts = dotted.split(".")
    for start in range(min(len(parts), 8)):
        rest = ".".join(parts[start:])
        if start and len(parts) - start < 2:
            break
        if start and parts[start] not in (
            "os",
            "subprocess",
            "builtins",
            "posix",
            "importlib",
            "sys",
            "shutil",
            "pickle",
        ):
            continue
        if rest in words("python", "lists", "inert"):
            return ""
        if rest in exact:
            return exact[rest]
        for prefix, effect in prefixes:
            if rest.startswith(prefix) and len(rest) > len(prefix):
                return effect
    return ""


def severity_in(effect: str, function: str) -> Severity:
    """By the effect, and for ordinary effects by the place."""
    own = Severity(table("python")[effect]["severity"])
    if effect in LOUD_ANYWHERE:
        return own
    if not function:
        return Severity.HIGH if effect in ("network", "delete", "write") else own
    name = function.lower().lstrip("_")
    if effect in ("write", "delete") and any(word in name for word in SAVING):
        return Severity.INFO
    if function in words("python", "lists", "constructors"):
        return Severity.MEDIUM if effect == "network" else Severity.HIGH if effect in ("delete",) else own
    return Severity.LOW if effect in ("network", "write") else own


def allows_pickle(keyword: ast.keyword) -> bool:
    """Whether this argument of `numpy.load` lets a pickle in, or may do so."""
    return keyword.arg == "allow_pickle" and getattr(keyword.value, "value", None) is not False
