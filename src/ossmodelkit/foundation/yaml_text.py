"""YAML as people write it: plain values, no key twice, nothing that unfolds beyond what stands there.

The library lets the last of two equal keys win, so a rule that is written twice would be a weaker rule; and a few
aliases of lists unfold to gigabytes for whoever walks through the values.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ossmodelkit.foundation.errors import UsageError

LARGEST = 1024 * 1024  # bytes
DEEPEST = 32


class NotYamlError(ValueError):
    """Why a text is not read, and the line it is about, counted from 1; 0 where there is none."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason = reason
        self.line = line


class TooDeepError(NotYamlError):
    """Lists and tables inside one another beyond a limit."""


def read_yaml(path: Path, *, hint: str, growing: bool = False) -> Any:
    """The plain values of a file that a person wrote.

    Of a `growing` file, to which blocks are added at the end, the last block of a name counts.
    Raises `UsageError` for one that cannot be read, is no UTF-8, or is not YAML.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(LARGEST + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {str(path)!r}: {error}", hint=hint) from error
    try:
        return parse_yaml(text, growing=growing)
    except NotYamlError as error:
        raise UsageError(f"{path} is not YAML that can be read: {error}", hint=hint) from error


def parse_yaml(text: str, *, growing: bool = False) -> Any:
    """The plain values of a text; no tag builds an object.

    Raises `NotYamlError` with its line for broken YAML, for a key that stands twice, for a list or table that is
    used again by an alias, and for what is too large or nested too deep. The events are looked at first: building
    values recurses, and a file of brackets would end the process.
    """
    import yaml

    if len(text) > LARGEST:
        raise NotYamlError(f"more than {LARGEST // 1024} KiB")
    try:
        _check_events(text)
        return yaml.load(text, Loader=_loader(growing))  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise NotYamlError(said or "it is broken", error.problem_mark.line + 1 if error.problem_mark else 0) from error
    except NotYamlError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise NotYamlError((str(error).splitlines() or [type(error).__name__])[0]) from error


def _check_events(text: str) -> None:
    import yaml

    folded = set[str]()
    for event in events(text, DEEPEST):
        if isinstance(event, yaml.CollectionStartEvent) and event.anchor:
            folded.add(event.anchor)
        if isinstance(event, yaml.AliasEvent) and event.anchor in folded:
            raise NotYamlError(f"*{event.anchor} repeats a whole list or table: write it out", _line_of(event))


def events(text: str, deepest: int) -> Iterator[Any]:
    """What a text consists of, piece by piece; nothing is built.

    Raises `TooDeepError` where more than `deepest` lists and tables are open: the library takes minutes for brackets
    without end.
    """
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            raise TooDeepError("nested deeper than anybody writes", _line_of(event))
        yield event


def _line_of(event: Any) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


@cache
def _loader(growing: bool) -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def construct_document(self, node: Any) -> Any:
            self.root = node
            return super().construct_document(node)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set[str]()
            for key, _ in () if growing and node is self.root else node.value:
                if isinstance(key.value, str) and key.value in seen:
                    raise NotYamlError(f"{key.value[:80]!r} stands twice", key.start_mark.line + 1)
                seen.add(str(key.value))
            return super().construct_mapping(node, deep)

    return Loader
