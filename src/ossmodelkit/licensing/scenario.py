"""A scenario file (schema 1: docs/licensing.md) as a situation, or the line on which it goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire, type_hints
from ossmodelkit.licensing.reading import load_yaml, yaml_loader
from ossmodelkit.licensing.situation import Component, Profile, ReleasePlan, Situation

SCHEMA = "see docs/licensing.md for the schema"
STEP = re.compile(r"\[(\d+)\]|\.?([\w-]+)")


def read(text: str, name: str) -> Situation:
    """The situation that a scenario's text describes.

    A key that is null is a key left out, except for figures: there it says that nobody knows. Raises `UsageError`
    with the line for what is no YAML, says a key twice, or breaks the schema.
    """
    data = _plain(text, name)
    if not isinstance(data, dict):
        what = "is empty" if data is None else "is no table of profile, components and release"
        raise UsageError(f"{name} {what}", hint=SCHEMA)
    nodes = _Nodes(text)
    for line, key in sorted(nodes.said_twice())[:1]:
        raise UsageError(f"{name} line {line}: {key!r} is said twice", hint="keep one of the two")
    try:
        situation: Situation = from_wire(Situation, _without_nulls(data))
    except UsageError as error:
        told = str(error).removeprefix("Situation: ")
        raise UsageError(f"{name} line {nodes.line(str(error))}: {told}", hint=error.hint) from error
    if not situation.components:
        raise UsageError(f"{name} names no components", hint="say what the model is made from: [{role: base, ...}]")
    return situation


def _plain(text: str, name: str) -> Any:
    try:
        return load_yaml(text)
    except ValueError as error:
        mark = getattr(error.__cause__, "problem_mark", None)
        problem = getattr(error.__cause__, "problem", None) or str(error)
        place = f" line {mark.line + 1}" if mark else ""
        raise UsageError(f"{name}{place}: no YAML: {problem}", hint=SCHEMA) from error


def _without_nulls(data: dict[Any, Any]) -> dict[Any, Any]:
    made = dict(data)
    for key, shape in (("profile", Profile), ("release", ReleasePlan)):
        if key in made and made[key] is None and key == "profile":
            del made[key]
        elif key in made:
            made[key] = _told(shape, made[key])
    if isinstance(made.get("components"), list):
        made["components"] = [_told(Component, one) for one in made["components"]]
    return made


def _told(shape: type, table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    hints = type_hints(shape)
    return {key: v for key, v in table.items() if v is not None or type(None) in get_args(hints.get(key))}


class _Nodes:
    """The nodes of a YAML text, to find the line of a key. Aliases are met once: they may unfold without end."""

    def __init__(self, text: str) -> None:
        import yaml

        self._root: Any = yaml.compose(text, Loader=yaml_loader())
        self._tables = list(self._walk())

    def _walk(self) -> Iterator[Any]:
        waiting, met = [self._root], set()
        while waiting:
            node = waiting.pop()
            if id(node) in met:
                continue
            met.add(id(node))
            if node.id == "mapping":
                yield node
                waiting += [value for _, value in node.value]
            elif node.id == "sequence":
                waiting += node.value

    def said_twice(self) -> Iterator[tuple[int, str]]:
        """Keys that stand twice in one table, behind the line of the second."""
        for table in self._tables:
            seen: set[str] = set()
            for key, _ in table.value:
                if str(key.value) in seen:
                    yield key.start_mark.line + 1, str(key.value)
                seen.add(str(key.value))

    def line(self, message: str) -> int:
        """The line that a message of `from_wire` is about: it begins with a path, or quotes an unknown field."""
        path, _, rest = message.partition(": ")
        unknown = re.match(r"unknown field '(.+?)'", rest)
        node, line = self._root, self._root.start_mark.line
        for step in (*STEP.finditer(path), *([unknown] if unknown else ())):
            found = _inside(node, step[1]) if step[0].startswith("[") else _under(node, step[step.lastindex or 0])
            if found is None:
                continue
            line, node = found
        return int(line) + 1


def _inside(node: Any, index: str) -> tuple[int, Any] | None:
    if node.id != "sequence" or int(index) >= len(node.value):
        return None
    return node.value[int(index)].start_mark.line, node.value[int(index)]


def _under(node: Any, wanted: str) -> tuple[int, Any] | None:
    pairs = node.value if node.id == "mapping" else ()
    return next(((key.start_mark.line, value) for key, value in pairs if str(key.value) == wanted), None)
