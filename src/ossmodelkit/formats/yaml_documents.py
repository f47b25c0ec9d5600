"""YAML as a tree of nodes: tags are read, and no object is ever constructed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats.json_documents import meaning
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.templates import FIELDS
from ossmodelkit.foundation.limits import MIB, Budget
from ossmodelkit.foundation.yaml_text import TooDeepError, events

ENDINGS = (".yaml", ".yml", "mlmodel", "mlproject")
LINES_OF_JSON = (".jsonl", ".ndjson")
TAGGED = re.compile(r"!!?<?(?:tag:yaml\.org,2002:)?(?:python|ruby|java|perl|php)[/.:]")
LARGEST = 8 * MIB
MOST_NODES = 500_000
DEEPEST = 1000  # PyYAML's loaders give up before


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
        for event in events(text, DEEPEST):
            budget.check_time()
            yield from _tags(event, blob)
            del event
        for key, value, line in _pairs(events(text, DEEPEST)):
            pairs.append((key, value, line))
            if len(pairs) > MOST_NODES:
                break
    except TooDeepError:
        yield Gap(at=blob.at, reason=f"no valid YAML: nested more than {DEEPEST} levels deep")
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # Without a tag, a document that no loader can parse does no harm; nor does a list of JSON that quotes one.
        if TAGGED.search(text) and not blob.name.lower().endswith(LINES_OF_JSON):
            yield Gap(at=blob.at, reason=f"no valid YAML: {str(error).splitlines()[0][:120]}")
    yield YamlDocument(at=blob.at, pairs=tuple(pairs))
    keys = {key for key, _, _ in pairs}
    if keys & FIELDS or {"class_name", "config"} <= keys or ("class_name" in keys and "function_type" in keys):
        yield from meaning(blob.at, plain(events(text, DEEPEST)), budget)


def _tags(event: Any, blob: Blob) -> Iterator[YamlTag]:
    tag = getattr(event, "tag", None)
    if tag and not _is_plain(tag):
        line = event.start_mark.line + 1
        yield YamlTag(at=Place(path=blob.at.path, members=blob.at.members, line=line), tag=tag)


PLAIN_TAGS = "str int float bool null map seq set timestamp binary omap pairs merge value"


def _is_plain(tag: str) -> bool:
    return tag == "!" or tag.removeprefix("tag:yaml.org,2002:") in PLAIN_TAGS.split()


def _pairs(events: Any) -> Iterator[tuple[str, str, int]]:
    """`key: scalar` pairs out of the event stream; an alias stands for its scalar, and containers are not expanded."""
    stack: list[list[Any]] = []
    anchored: dict[str, str] = {}
    for event in events:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            if event.anchor:
                anchored[event.anchor] = event.value
            yield from _scalar(stack, event.value, event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            inherited = stack[-1][1] if stack and stack[-1][0] == "map" else (stack[-1][1] if stack else None)
            if stack and stack[-1][0] == "map":
                stack[-1][1] = None
            stack.append(["map", None] if kind.startswith("Mapping") else ["list", inherited])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            stack.pop()
        elif kind == "AliasEvent":
            yield from _scalar(stack, anchored.get(event.anchor, "*"), event)


def _scalar(stack: list[list[Any]], value: str, event: Any) -> Iterator[tuple[str, str, int]]:
    if not stack:
        return
    kind, key = stack[-1]
    if kind == "map" and key is None:
        stack[-1][1] = value
        return
    yield str(key or ""), value, event.start_mark.line + 1
    if kind == "map":
        stack[-1][1] = None


def plain(events: Any) -> Any:
    """The first document as dictionaries, lists and texts, whatever its tags; aliases of containers become None."""
    open_ones: list[tuple[Any, list[Any]]] = []
    anchored: dict[str, str] = {}
    for event in events:
        kind = type(event).__name__
        if kind == "DocumentEndEvent":
            break
        if kind == "ScalarEvent":
            value: Any = event.value
            if event.anchor:
                anchored[event.anchor] = value
        elif kind == "AliasEvent":
            value = anchored.get(event.anchor)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            open_ones.append((kind, []))
            continue
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            begun, items = open_ones.pop()
            value = dict(zip(map(str, items[::2]), items[1::2], strict=False)) if begun[0] == "M" else items
        else:
            continue
        if not open_ones:
            return value
        open_ones[-1][1].append(value)
    return None
