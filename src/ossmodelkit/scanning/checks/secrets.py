"""Keys and tokens that were published by mistake."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Place, Severity
from ossmodelkit.formats.gguf import Gguf
from ossmodelkit.formats.safetensors import Safetensors
from ossmodelkit.formats.text import TextPiece
from ossmodelkit.scanning.tables import table

REMEDY = "Revoke the secret now, then remove it from the file and from the repository's history."


# Every hint in whatever case ends this way; most texts do not have it, and are not copied in lower case.
ENDS_LOOSE_HINTS = re.compile("_[kK][eE][yY]")
BEFORE, AFTER = 64, 400  # characters around a hint that a secret may take


@dataclass(frozen=True, slots=True)
class _Token:
    name: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    prefix: int
    least_entropy: float

    @property
    def ignores_case(self) -> bool:
        """Such patterns have hints in lower case."""
        return bool(self.pattern.flags & re.IGNORECASE)


@cache
def _tokens() -> tuple[_Token, ...]:
    rows = table("secrets")["token"]
    return tuple(
        _Token(r["name"], tuple(r["hints"]), re.compile(r["pattern"]), r["prefix"], r["least_entropy"]) for r in rows
    )


@cache
def _hints(ignoring_case: bool) -> tuple[re.Pattern[str], dict[str, tuple[_Token, ...]]]:
    """One pattern that finds every hint at every place, and the tokens that each hint may stand in.

    Of two hints that begin alike the longer one comes first and stands for both.
    """
    tokens = tuple(token for token in _tokens() if token.ignores_case == ignoring_case)
    hints = sorted({hint for token in tokens for hint in token.hints}, key=len, reverse=True)
    of = {hint: tuple(one for one in tokens if any(hint.startswith(own) for own in one.hints)) for hint in hints}
    return re.compile(_any_of(hints)), of


def _any_of(words: Iterable[str]) -> str:
    """A pattern that finds any of the words, letter by letter: several times quicker than one word after the other."""
    by_letter: dict[str, list[str]] = {}
    for word in words:
        by_letter.setdefault(word[:1], []).append(word[1:])
    ends = by_letter.pop("", None) is not None
    branches = [re.escape(letter) + _any_of(rest) for letter, rest in sorted(by_letter.items())]
    if not branches:
        return ""
    joined = "|".join(branches)
    return f"(?:{joined})?" if ends else f"(?:{joined})"


def _places(text: str) -> Iterator[tuple[_Token, int]]:
    lowered = text.lower() if ENDS_LOOSE_HINTS.search(text) else ""
    for searched, ignoring_case in ((text, False), (lowered, True)):
        pattern, of = _hints(ignoring_case)
        at = 0
        while found := pattern.search(searched, at):
            for token in of[found.group()]:
                yield token, found.start()
            at = found.start() + 1


def found_in(text: str) -> Iterator[tuple[str, str, int]]:
    """Name, masked value and position of every secret in `text`."""
    seen: dict[str, int] = {}
    for token, place in _places(text):
        match = token.pattern.search(text, max(0, place - BEFORE), place + AFTER)
        if match is None or match.start() <= seen.get(token.name, -1):
            continue
        seen[token.name] = match.start()
        value = match.group()
        if entropy(value[token.prefix :]) >= token.least_entropy and not _is_placeholder(value):
            yield token.name, f"{value[: token.prefix + 3]}…{value[-2:]}".replace("\n", " "), match.start()


def entropy(text: str) -> float:
    """Shannon's entropy in bits per character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def _is_placeholder(value: str) -> bool:
    lowered = value.lower()
    return any(word in lowered for word in table("secrets")["placeholders"])


@check("secret-in-text", reads=TextPiece, severity=Severity.HIGH)
def in_text(piece: TextPiece) -> Iterator[Hit]:
    """A key or token is published in this file.

    Whoever downloads the model can use it: publishing a secret means losing it.
    """
    for name, masked, start in found_in(piece.text):
        offset = piece.offset + len(piece.text[:start].encode("utf-8", "replace"))
        yield Hit(at=replace(piece.at, offset=offset), saw=f"{name} {masked}", remedy=REMEDY)


def _in_pairs(at: Place, pairs: tuple[tuple[str, str], ...]) -> Iterator[Hit]:
    for key, value in pairs:
        for name, masked, _ in found_in(f"{key}={value}"):
            yield Hit(at=at, saw=f"{name} {masked} in {key!r}", remedy=REMEDY)


@check("secret-in-metadata", reads=object, severity=Severity.HIGH)
def in_metadata(view: object) -> Iterator[Hit]:
    """A key or token is published in this file's metadata."""
    if isinstance(view, Safetensors):
        yield from _in_pairs(view.at, view.metadata)
    elif isinstance(view, Gguf):
        yield from _in_pairs(view.at, view.texts)


CHECKS = (in_text, in_metadata)
