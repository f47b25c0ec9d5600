"""Ways of saying a prompt differently: each takes a text and gives one that asks the same.

The words lie in `configs/data/augment.toml`. Words in `kept` (those of the answer), quotations and code are left
alone. A way that finds nothing to do gives the text back.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ossmodelkit.foundation import resources

PROTECTED = re.compile(r"```.*?```|`[^`]*`|\"[^\"]*\"|“[^”]*”|https?://\S+|<[^>\s]+>|\{[^}]*\}", re.DOTALL)
PLAIN_WORD = re.compile(r"(?<![\w'-])[a-z]{5,}(?![\w'-])")
FRAMED_CHARS = 600


@cache
def settings() -> Mapping[str, Any]:
    """`configs/data/augment.toml` as it stands."""
    loaded: dict[str, Any] = tomllib.loads(resources.config("data", "augment.toml").read_text(encoding="utf-8"))
    return loaded


def _free(text: str, pattern: re.Pattern[str], kept: frozenset[str]) -> list[re.Match[str]]:
    """Matches outside quotations and code, of no word that the answer uses."""
    walls = [match.span() for match in PROTECTED.finditer(text)]
    return [
        match
        for match in pattern.finditer(text)
        if all(match.end() <= start or match.start() >= end for start, end in walls)
        and not kept & set(re.findall(r"\w+", match[0].lower()))
    ]


@cache
def _either_way() -> Mapping[str, str]:
    pairs = settings()["contractions"]
    return {**{a.lower(): b for a, b in pairs.items()}, **{b.lower(): a for a, b in pairs.items()}}


@cache
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(r"(?<![\w'])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w'])", re.IGNORECASE)


def _put(text: str, match: re.Match[str], new: str) -> str:
    shown = new[0].upper() + new[1:] if match[0][0].isupper() else new
    return text[: match.start()] + shown + text[match.end() :]


def contract(text: str, kept: frozenset[str], chance: random.Random) -> str:
    """`do not` becomes `don't`, or the other way round."""
    found = _free(text, _any_of(tuple(_either_way())), kept)
    if not found:
        return text
    match = chance.choice(found)
    return _put(text, match, _either_way()[match[0].lower()])


def synonym(text: str, kept: frozenset[str], chance: random.Random) -> str:
    """One everyday word becomes another that means the same."""
    table = settings()["synonyms"]
    found = _free(text, _any_of(tuple(table)), kept)
    if not found:
        return text
    match = chance.choice(found)
    return _put(text, match, chance.choice(table[match[0].lower()]))


def frame(text: str, kept: frozenset[str], chance: random.Random) -> str:
    """A short prompt gets a greeting or a thank you around it."""
    if not 3 <= len(text) <= FRAMED_CHARS or "\n" in text or not text.isascii():
        return text
    return str(chance.choice(settings()["frames"]["ask"])).replace("{}", text)


def typing(text: str, kept: frozenset[str], chance: random.Random) -> str:
    """The way people type: no full stop, or a small first letter."""
    if text.endswith((".", "?", "!")) and chance.random() < 0.5:
        return text[:-1]
    first = text.split(" ", 1)[0]
    if len(first) > 1 and first[0].isupper() and first[1:].islower() and first.lower() not in kept:
        return text[0].lower() + text[1:]
    return text


def typo(text: str, kept: frozenset[str], chance: random.Random) -> str:
    """Two letters inside one longer word change places."""
    found = _free(text, PLAIN_WORD, kept)
    if not found:
        return text
    match = chance.choice(found)
    place = match.start() + chance.randint(1, len(match[0]) - 3)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


WAYS: Mapping[str, Callable[[str, frozenset[str], random.Random], str]] = {
    "contraction": contract,
    "synonym": synonym,
    "frame": frame,
    "typing": typing,
    "typo": typo,
}
