"""Chat templates wherever they live: Jinja text that a tokenizer, processor or server renders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Place

JINJA_ENDINGS = (".jinja", ".jinja2", ".j2")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTemplate:
    """A template's text, and the field or file name it came from."""

    at: Place
    field: str
    text: str


def in_value(value: Any, at: Place, field: str = "chat_template") -> Iterator[ChatTemplate]:
    """The templates of a `chat_template` field: a text, a list of {name, template}, or a table of texts."""
    if isinstance(value, str):
        yield ChatTemplate(at=at, field=field, text=value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from in_value(item, at, f"{field}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (str, list, dict)) and key != "name":
                yield from in_value(item, at, f"{field}.{key}")
