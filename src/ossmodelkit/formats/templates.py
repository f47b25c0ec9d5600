"""Chat templates wherever they live: Jinja text that a tokenizer, processor or server renders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Place

JINJA_ENDINGS = (".jinja", ".jinja2", ".j2")
FIELDS = frozenset({"chat_template", "chat_templates", "default_chat_template"})
# Programs also render texts of these names; only one that climbs is told, as most are in other languages.
LIKE_A_TEMPLATE = re.compile(r"\w*template\w*|\w*prompt\w*", re.IGNORECASE)
TEMPLATE_FILE = re.compile(r"[\w.-]*(template|prompt)[\w-]*(\.(txt|tmpl|tpl|html|template|yaml|yml))?|modelfile")
INTERNAL = re.compile(r"__[a-z]+__|\|\s*attr\b|\\x5f|\\u005f")
LONGEST_EXPRESSION = 2000
LONGEST_TEXT = 4_000_000  # whatever is longer is a list of prompts and no template


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTemplate:
    """A template's text, and the field or file name it came from."""

    at: Place
    field: str
    text: str


def climbs(text: str) -> bool:
    """Whether a text has a Jinja expression in it that looks for Python's internals."""
    if len(text) > LONGEST_TEXT:
        return False
    for found in INTERNAL.finditer(text):
        before = text[max(0, found.start() - LONGEST_EXPRESSION) : found.start()]
        opened, closed = max(before.rfind("{{"), before.rfind("{%")), max(before.rfind("}}"), before.rfind("%}"))
        if opened > closed:
            return True
    return False


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
