"""Generated blocks and a person's words in one card.

A block stands between two comments that carry its name and the digest of its text. What stands outside is a
person's and is never touched; a block that somebody edited is refused, because the next release would
overwrite it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ossmodelkit.foundation.errors import UsageError

BEGIN = re.compile(r"<!-- kit:begin ([a-z-]+) sha256:([0-9a-f]{16}) -->\n")
MARK = re.compile(r"<!-- kit:(?:begin|end) [^>]*-->")
# Blocks that repeat what the publisher or a license says: their numbers are checked like anybody's words.
QUOTED = frozenset({"title", "use", "limits", "notices"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a card, in order: a generated block with its name, or a person's text without one."""

    text: str
    line: int
    name: str = ""
    digest: str = ""

    @property
    def edited(self) -> bool:
        """Whether somebody changed a generated block."""
        return bool(self.name) and self.digest != digest(self.text)


def digest(text: str) -> str:
    """The first sixteen digits of the text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def fenced(name: str, text: str) -> str:
    """A generated block with its comments; a fence inside of it, in somebody's words, is none."""
    text = text.replace("<!-- kit:", "&lt;!-- kit:")
    return f"<!-- kit:begin {name} sha256:{digest(text)} -->\n{text}<!-- kit:end {name} -->\n"


def parts(text: str) -> tuple[Part, ...]:
    """A card cut along its fences; putting the pieces together gives the card again, fences left out."""
    found: list[Part] = []
    at = 0
    while begin := BEGIN.search(text, at):
        closing = f"<!-- kit:end {begin[1]} -->\n"
        end = text.find(closing, begin.end())
        if end < 0:
            break
        found.append(_part(text, at, begin.start()))
        found.append(_part(text, begin.end(), end, name=begin[1], digest=begin[2]))
        at = end + len(closing)
    found.append(_part(text, at, len(text)))
    return tuple(part for part in found if part.text or part.name)


def merge(text: str, blocks: Mapping[str, str]) -> str:
    """The card with every block brought up to date; blocks it did not have follow at the end.

    Raises `UsageError` with the line when a generated block was edited or a fence is broken.
    """
    _check(text)
    pieces: list[str] = []
    seen: set[str] = set()
    for part in parts(text):
        if not part.name:
            pieces.append(part.text)
        elif part.name in blocks and part.name not in seen:
            pieces.append(fenced(part.name, blocks[part.name]))
            seen.add(part.name)
    joined = "".join(pieces)
    fresh = [fenced(name, block) for name, block in blocks.items() if name not in seen]
    if fresh and joined and not joined.endswith("\n"):
        joined += "\n"
    if fresh and joined.strip() and not joined.endswith("\n\n"):
        joined += "\n"
    return joined + "\n".join(fresh)


def _check(text: str) -> None:
    for part in parts(text):
        if part.edited:
            hint = "move your words above or below the block: they are kept there"
            raise UsageError(f"README.md:{part.line}: the generated block {part.name!r} was edited", hint=hint)
        if not part.name and (stray := MARK.search(part.text)):
            line = part.line + part.text.count("\n", 0, stray.start())
            raise UsageError(f"README.md:{line}: a broken fence {stray[0]!r}", hint="remove it, or restore the block")


def _part(text: str, start: int, end: int, *, name: str = "", digest: str = "") -> Part:
    return Part(text=text[start:end], line=text.count("\n", 0, start) + 1, name=name, digest=digest)
