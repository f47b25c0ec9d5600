"""YAML as a tree of nodes: tags are read, and no object is ever constructed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.limits import MIB, Budget

ENDINGS = (".yaml", ".yml", "mlmodel")
TAGGED = re.compile(r"!!?<?(?:tag:yaml\.org,2002:)?(?:python|ruby|java|perl|php)[/.:]")
LARGEST = 8 * MIB
MOST_NODES = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlTag:
    """A tag that is not one of YAML's own plain types."""

    at: Place
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """Every `key: scalar` pair of a document with its line, in order."""

    at: Place
    pairs: tuple[tuple[str, str, int], ...]


def looks_like(name: str, text: str) -> bool:
    """By name, or because it holds a tag that builds objects; JSON is read as JSON."""
    return name.endswith(ENDINGS) or TAGGED.search(text) is not None


def views(blob: Blob, text: str, budget: Budget) -> Iterator[object]:
    """One view per foreign tag, and the document."""
    import yaml

    if len(text) > LARGEST:
        yield Gap(at=blob.at, reason=f"YAML of {len(text)} characters, more than {LARGEST} are read")
        return
    pairs: list[tuple[str, str, int]] = []
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for event in yaml.parse(text, Loader=loader):
            budget.check_time()
            yield from _tags(event, blob)
            del event
        for key, value, line in _pairs(yaml.parse(text, Loader=loader)):
            pairs.append((key, value, line))
            if len(pairs) > MOST_NODES:
                break
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if TAGGED.search(text):  # without a tag, a document that no loader can parse does no harm
            yield Gap(at=blob.at, reason=f"no valid YAML: {str(error).splitlines()[0][:120]}")
    yield YamlDocument(at=blob.at, pairs=tuple(pairs))


def _tags(event: Any, blob: Blob) -> Iterator[YamlTag]:
    tag = getattr(event, "tag", None)
    if tag and not _is_plain(tag):
        line = event.start_mark.line + 1
        yield YamlTag(at=Place(path=blob.at.path, members=blob.at.members, line=line), tag=tag)


PLAIN_TAGS = "str int float bool null map seq set timestamp binary omap pairs merge value"


def _is_plain(tag: str) -> bool:
    return tag == "!" or tag.removeprefix("tag:yaml.org,2002:") in PLAIN_TAGS.split()


def _pairs(events: Any) -> Iterator[tuple[str, str, int]]:
    """`key: scalar` pairs out of the event stream; aliases are not expanded, so they cannot multiply."""
    stack: list[list[Any]] = []
    for event in events:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            yield from _scalar(stack, event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            inherited = stack[-1][1] if stack and stack[-1][0] == "map" else (stack[-1][1] if stack else None)
            if stack and stack[-1][0] == "map":
                stack[-1][1] = None
            stack.append(["map", None] if kind.startswith("Mapping") else ["list", inherited])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            stack.pop()
        elif kind == "AliasEvent" and stack and stack[-1][0] == "map":
            stack[-1][1] = None if stack[-1][1] is not None else "*"


def _scalar(stack: list[list[Any]], event: Any) -> Iterator[tuple[str, str, int]]:
    if not stack:
        return
    kind, key = stack[-1]
    if kind == "map" and key is None:
        stack[-1][1] = event.value
        return
    yield str(key or ""), event.value, event.start_mark.line + 1
    if kind == "map":
        stack[-1][1] = None
