"""Texts in Python code that are code themselves: annotations, fields and templates that something evaluates."""

from __future__ import annotations

import re

# Names that lead from any object to Python's internals, as the key of a lookup.
KEYS = frozenset({"__builtins__", "__globals__", "__subclasses__", "__import__", "f_globals", "f_builtins"})
# The name of a class is asked for in many a message, often where an f was forgotten; that leads nowhere else.
ACTS = re.compile(
    r"\b__import__\s*\(|\{[^{}]*\.__(?:init|globals|mro|subclasses)__"
    r"|\{[^{}]*\.__class__(?!(?:\.__(?:name|qualname|module)__)?\s*[!:}])"
)
LONGEST = 2000  # characters; what is longer is documentation


def acts(text: str) -> bool:
    """Whether a constant is of use to an attack only: it imports, or climbs to the internals of an object."""
    return text in KEYS or (len(text) <= LONGEST and "\n\n" not in text and ACTS.search(text) is not None)
