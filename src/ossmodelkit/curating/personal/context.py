"""What the words before a number say it is: the nearest telling one counts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from ossmodelkit.foundation import resources

REACH = 48
WORD = re.compile(r"[^\W\d_]+")
# How many plain words may stand between a word of this group and its number.
CLOSE = {"other": 1, "version": 3}


@cache
def settings() -> Mapping[str, Any]:
    """`configs/data/personal.toml` as it stands."""
    loaded: dict[str, Any] = tomllib.loads(resources.config("data", "personal.toml").read_text(encoding="utf-8"))
    return loaded


@cache
def _groups() -> Mapping[str, str]:
    return {word: group for group, words in settings()["words"].items() for word in words}


@cache
def _unspaced() -> Mapping[str, str]:
    """Words of scripts that set no spaces: they are looked for inside others."""
    return {word: group for word, group in _groups().items() if ord(word[0]) > 0x2E7F}


def nearest(text: str, start: int, field: str) -> str:
    """The group of the nearest telling word before `start`, or "".

    The name of the field stands before the text: `{"phone": "…"}` is as good as "phone: …".
    """
    before = text[max(0, start - REACH) : start].lower()
    if start < REACH:
        before = f"{field.replace('_', ' ').lower()}: {before}"
    plain_words = 0
    for word in reversed(WORD.findall(before)):
        group = _groups().get(word) or _inside(word)
        if group == "between":
            continue
        if group and plain_words <= CLOSE.get(group, REACH):
            return group
        plain_words += 1
    return ""


def _inside(word: str) -> str:
    if word.isascii():
        return ""
    return next((group for part, group in _unspaced().items() if part in word), "")
