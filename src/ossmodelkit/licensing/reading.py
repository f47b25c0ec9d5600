"""Small files out of a stranger's repository as text: bounded, and whatever could not be read is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import KitError

LONGEST_TEXT = 1024 * 1024
DEEPEST = 64
MOST_ALIASES = 100
COUNTRY_SAFE = re.compile(r"(?:true|True|TRUE|false|False|FALSE|yes|Yes|no|No|on|On|off|Off)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A file as text, or the reason why there is none."""

    name: str
    text: str = ""
    problem: str = ""


def read_text(source: Source, name: str, limit: int = LONGEST_TEXT) -> Read:
    """The text of a file. A license that is larger than any license, or no text at all, is a problem."""
    entry = source.inventory.find(name)
    if entry is None:
        return Read(name=name, problem="there is no such file")
    if entry.kind is not EntryKind.FILE:
        return Read(name=name, problem=f"it is a {entry.kind} {entry.why}".strip())
    if entry.size > limit:
        return Read(name=name, problem=f"it has {entry.size} bytes, and {limit} are read")
    try:
        with source.open(name) as stream:
            data = stream.read(limit + 1)[:limit]
    except (KitError, OSError) as error:
        return Read(name=name, problem=f"it cannot be read: {error}")
    return decode(name, data)


def decode(name: str, data: bytes) -> Read:
    """Bytes as text: UTF-8, UTF-16 with or without a mark, or Latin-1 where nothing binary is in it."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return _decoded(name, data, encoding)
    if b"\0" in data:
        half = data[:2000]
        for encoding, zeros in (("utf-16-le", half[1::2].count(0)), ("utf-16-be", half[::2].count(0))):
            if zeros > len(half) // 3:
                return _decoded(name, data, encoding)
        return Read(name=name, problem="it is binary, not text")
    try:
        return Read(name=name, text=data.decode("utf-8"))
    except UnicodeDecodeError:
        return Read(name=name, text=data.decode("latin-1"))


def _decoded(name: str, data: bytes, encoding: str) -> Read:
    try:
        return Read(name=name, text=data.decode(encoding))
    except UnicodeDecodeError as error:
        return Read(name=name, problem=f"it claims to be {encoding} and is not: {error.reason}")


@cache
def yaml_loader() -> Any:
    """A safe loader, in C where there is one, to which NO is Norway and no a boolean: YAML 1.1 takes both for false."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
            first: [(tag, COUNTRY_SAFE if tag.endswith(":bool") else pattern) for tag, pattern in rules]
            for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return Loader


def load_yaml(text: str) -> Any:
    """Plain YAML values; no tag builds an object.

    Raises `ValueError` with one line for anything that is no YAML, or nested beyond reason. Nesting is counted
    on the events first: the C composer recurses, and a file of brackets would end the process.
    """
    import yaml

    loader = yaml_loader()
    try:
        depth = aliases = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            aliases += isinstance(event, yaml.AliasEvent)
            if depth > DEEPEST or aliases > MOST_ALIASES:
                raise ValueError("nested or repeated beyond what a person writes")
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, in C where there is one
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        told = str(error).splitlines()
        raise ValueError(told[0] if told else type(error).__name__) from error
