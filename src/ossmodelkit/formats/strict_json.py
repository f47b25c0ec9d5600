"""JSON from a stranger: size, depth and duplicate keys are facts, not surprises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.foundation.errors import UnreadableError

PLAIN = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A JSON value, and the keys that an object in it names more than once."""

    value: Any
    duplicates: tuple[str, ...] = ()


def parse(data: bytes | str) -> Parsed:
    """Read JSON; NaN and infinities pass, as Python's own writer emits them.

    Raises `UnreadableError` when it is no JSON or nested too deeply.
    """
    doubled: list[str] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            doubled.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return found

    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        return Parsed(value=json.loads(text, object_pairs_hook=keep), duplicates=tuple(doubled))
    except RecursionError as error:
        raise UnreadableError("JSON is nested too deeply") from error
    except ValueError as error:
        raise UnreadableError(f"no valid JSON: {str(error)[:120]}") from error


COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*+")|//[^\n]*|/\*.*?\*/', re.DOTALL)
TRAILING_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*+")|,(\s*[\]}])')


def parse_relaxed(text: str) -> Parsed:
    """Read JSON as editors write it: with comments, and a comma after the last entry.

    Raises `UnreadableError` as `parse` does.
    """
    plain = COMMENT.sub(lambda found: found[1] or "", text)
    return parse(TRAILING_COMMA.sub(lambda found: found[1] or found[2], plain))


def objects(value: Any) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Every JSON object inside `value` with its path; lists of plain numbers and texts are passed over quickly."""
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while todo:
        path, item = todo.pop()
        if isinstance(item, dict):
            yield path, item
            todo.extend(((*path, key), inner) for key, inner in item.items() if _may_hold(inner))
        elif isinstance(item, list):
            todo.extend(((*path, at), inner) for at, inner in enumerate(item) if _may_hold(inner))


def _may_hold(value: Any) -> bool:
    """Whether an object may lie inside: a vocabulary's half a million merges are told by their types alone."""
    if type(value) is list:
        return not PLAIN.issuperset(map(type, value))
    return type(value) is dict


def dotted(path: tuple[str | int, ...]) -> str:
    """A path as people write it: `config.layers[3].module`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
