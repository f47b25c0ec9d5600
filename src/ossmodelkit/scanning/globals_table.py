"""What is known about a name that a pickle looks up: data shipped with the tool, never the user's machine.

The facts and their reasons stand in `configs/globals/*.toml`. Whatever is on no list is unknown, and
unknown is suspicious.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from functools import cache, lru_cache
from typing import Any

from ossmodelkit.foundation.resources import config


class Kind(StrEnum):
    """What may be done with a name."""

    INERT = "inert"  # may be called with anything: it only rebuilds a value
    DATA = "data"  # a class whose instances may be made and filled, without running its constructor
    VALUE = "value"  # may be named, not called
    GUARD = "guard"  # may be called with arguments that its rule proves harmless
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The kind of a name; for a guard its rule, for a denied one the harm."""

    kind: Kind
    rule: str = ""
    hooked: bool = False

    @property
    def known(self) -> bool:
        """Whether the name may stand in a pickle at all."""
        return self.kind not in (Kind.DENIED, Kind.UNKNOWN)


@lru_cache(maxsize=4096)
def standing(module: str, name: str) -> Standing:
    """What is known about `module:name`. Exact names come first, then what is denied, then packages."""
    tables = _tables()
    full = f"{module}:{name}"
    if full in tables.names:
        kind, rule = tables.names[full]
        return Standing(kind=Kind(kind), rule=rule)
    if full in tables.enums:
        return Standing(kind=Kind.GUARD, rule="enum")
    if any(full in entry.get("also", ()) for entry in tables.data):
        return Standing(kind=Kind.DATA)
    if full in tables.deny_names:
        return Standing(kind=Kind.DENIED, rule=tables.deny_names[full])
    for pattern, kind, rule in tables.patterns:
        if pattern.fullmatch(full) and _is_plain(name):
            return Standing(kind=Kind(kind), rule=rule)
    if found := _in_package(tables, module, name, full):
        return found
    if _is_plain(name) and "." not in name and not name.startswith("_") and _holds_values(tables, module):
        return Standing(kind=Kind.VALUE)
    cls, _, last = name.rpartition(".")
    if last == "__new__" and "." not in cls and standing(module, cls).kind in (Kind.DATA, Kind.INERT):
        # Protocol 2 names it for objects that are made with keywords; the machine knows that call.
        return Standing(kind=Kind.VALUE)
    harm = _denied(tables, module, name)
    return Standing(kind=Kind.DENIED, rule=harm) if harm else Standing(kind=Kind.UNKNOWN)


def is_standard(module: str) -> bool:
    """Whether a module belongs to Python itself."""
    return module.partition(".")[0] in _tables().standard


def is_reviewed_package(module: str) -> bool:
    """Whether the lists claim to be complete for what this package writes into pickles."""
    return module.partition(".")[0] in _tables().packages


def harm_text(harm: str) -> str:
    """What a denied thing does, in words."""
    return _tables().harms[harm]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    names: dict[str, list[str]]
    enums: frozenset[str]
    hooked: frozenset[str]
    patterns: tuple[tuple[re.Pattern[str], str, str], ...]
    data: tuple[dict[str, Any], ...]
    values: frozenset[str]
    deny_names: dict[str, str]
    deny_modules: dict[str, str]
    harms: dict[str, str]
    standard: frozenset[str]
    packages: frozenset[str]


@cache
def _tables() -> _Tables:
    raw = json.loads(config("globals.json").read_bytes())
    return _Tables(
        names=raw["names"],
        enums=frozenset(raw["enums"]),
        hooked=frozenset(raw["hooked"]),
        patterns=tuple((_pattern(pattern), kind, rule) for pattern, kind, rule in raw["patterns"]),
        data=tuple(raw["data"]),
        values=frozenset(raw["values"]),
        deny_names=raw["deny_names"],
        deny_modules=raw["deny_modules"],
        harms=raw["harms"],
        standard=frozenset(raw["standard_library"]),
        packages=frozenset(raw["packages"]),
    )


def _pattern(text: str) -> re.Pattern[str]:
    """`module:name` with stars; in a name they match no dot, which would lead on to whatever the module imports."""
    module, _, name = text.partition(":")
    return re.compile(translate(module).removesuffix("\\Z") + ":" + "[^.]*".join(map(re.escape, name.split("*"))))


def _below(module: str, packages: frozenset[str] | dict[str, str] | list[str]) -> str:
    """The longest of `packages` that `module` is or lies below."""
    while module:
        if module in packages:
            return module
        module = module.rpartition(".")[0]
    return ""


def _holds_values(tables: _Tables, module: str) -> bool:
    """Whether the functions of a module may be named; what is excepted from the classes of a package is here, too."""
    excepted = any(_below(module, entry.get("except", [])) for entry in tables.data)
    return bool(_below(module, tables.values)) and not excepted


def _is_plain(name: str) -> bool:
    return all(part.isidentifier() and not (part.startswith("__") and part.endswith("__")) for part in name.split("."))


def _is_class(name: str) -> bool:
    return name.lstrip("_")[:1].isupper()


def _in_package(tables: _Tables, module: str, name: str, full: str) -> Standing | None:
    for entry in tables.data:
        if not _below(module, entry["packages"]) or _below(module, entry.get("except", [])):
            continue
        if "only" in entry:
            if full in entry["only"]:
                return Standing(kind=Kind.DATA)
            continue
        first, dot, _ = name.partition(".")
        if not _is_plain(name) or not (_is_class(first) or entry.get("lower")):
            continue
        if dot and not entry.get("dotted"):
            # A method of a known class, written by its qualified name: it may be kept, not called.
            return None if _led_to(tables, name) or first in tables.standard else Standing(kind=Kind.VALUE)
        if entry.get("lower") and (harm := tables.deny_names.get(f"numpy:{name}")):
            return Standing(kind=Kind.DENIED, rule=harm)  # numpy's own, met in a module that imports it
        hooked = full in tables.hooked and not _is_reviewed(full, tuple(entry.get("reviewed", ())))
        return Standing(kind=Kind.UNKNOWN, hooked=True) if hooked else Standing(kind=Kind.DATA)
    return None


@lru_cache(maxsize=1024)
def _is_reviewed(full: str, patterns: tuple[str, ...]) -> bool:
    return any(re.fullmatch(translate(pattern), full) for pattern in patterns)


def _denied(tables: _Tables, module: str, name: str) -> str:
    """The harm of a denied module or of one that the name leads into, such as `random:_os.system`."""
    if found := _below(module, tables.deny_modules):
        return tables.deny_modules[found]
    return _led_to(tables, name)


def _led_to(tables: _Tables, name: str) -> str:
    """The harm of what a dotted name leads to, whatever module it starts from."""
    parts = name.split(".")
    for index, part in enumerate(parts):
        bare = part.lstrip("_")
        inner = ".".join(parts[index + 1 :])
        if inner and f"{bare}:{inner}" in tables.deny_names:
            return tables.deny_names[f"{bare}:{inner}"]
        if inner and bare in tables.deny_modules and bare in tables.standard:
            return tables.deny_modules[bare]
        for imported in ("builtins", "numpy"):
            if f"{imported}:{part}" in tables.deny_names and len(parts) > 1:
                return tables.deny_names[f"{imported}:{part}"]
    return ""
