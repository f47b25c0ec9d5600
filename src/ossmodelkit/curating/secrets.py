"""Keys and tokens whose form proves what they are, and those that the text calls so.

The patterns lie in `configs/data/secrets.toml`.
"""

from __future__ import annotations

import base64
import json
import re
import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from ossmodelkit.curating.personal.found import Found
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.wire import from_wire

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HAVE_CHECK_DIGITS = frozenset({"base62-crc32"})
VARIED = 16
SHORTEST = 10
# What stands for a secret in documentation, and code that fetches one.
STAND_INS = (
    "your",
    "changeme",
    "change_me",
    "placeholder",
    "xxx",
    "***",
    "dummy",
    "redacted",
    "insert",
    "replace",
    "environ",
)
LEAST_VARIED = 5
# What code calls a value: words joined by underscores or dots, and the words that such values go by.
NAME = re.compile(
    r"[A-Za-z]+(?:_[A-Za-z0-9]+)+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
    r"|(?i:passw(?:or)?d|pass|pwd|secret|token|key|value|arg|str|sha|md|base)\d{0,3}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One kind of secret: its rule, its name for people, the literals it needs, its pattern."""

    id: str
    marks: tuple[str, ...]
    pattern: str
    at_mark: bool = False
    name: str = ""
    title: str = ""
    severity: str = "critical"
    confirm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """All kinds."""

    kind: tuple[Secret, ...]


@cache
def shipped() -> tuple[Secret, ...]:
    """The kinds of `configs/data/secrets.toml`."""
    path = resources.config("data", "secrets.toml")
    return from_wire(Secrets, tomllib.loads(path.read_text(encoding="utf-8")), where=str(path)).kind


@cache
def _marks() -> tuple[tuple[str, tuple[tuple[Secret, re.Pattern[str]], ...]], ...]:
    by_mark: dict[str, list[tuple[Secret, re.Pattern[str]]]] = {}
    for kind in shipped():
        for mark in kind.marks:
            by_mark.setdefault(mark, []).append((kind, re.compile(kind.pattern)))
    return tuple((mark, tuple(kinds)) for mark, kinds in by_mark.items())


class Spotted(NamedTuple):
    """A secret in a text: where, which kind, and whether its check digits fit (or it has none)."""

    found: Found
    kind: Secret
    sure: bool


def may_hold_one(text: str) -> bool:
    """Whether a literal stands in the text that every secret of some kind has."""
    for mark, _ in _marks():  # noqa: SIM110 - twice as fast as any(), and asked of every row
        if mark in text:
            return True
    return False


def find(text: str) -> list[Spotted]:
    """Every secret in `text`, in order."""
    found: dict[int, Spotted] = {}
    if len(text) < SHORTEST:
        return []
    for mark, kinds in _marks():
        if mark in text:
            for kind, pattern in kinds:
                for match in _matches(text, mark, kind, pattern):
                    sure = _confirmed(kind.confirm, match)
                    if sure or (kind.confirm in HAVE_CHECK_DIGITS and _looks_drawn(match[0])):
                        part = "secret" if "secret" in pattern.groupindex else 0
                        spotted = Spotted(Found(*match.span(part), kind.id, match[part]), kind, sure)
                        found.setdefault(match.start(part), spotted)
    return list(_without_overlaps(found))


def _matches(text: str, mark: str, kind: Secret, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Where the pattern fits; one that begins at its mark is tried there alone, which is many times faster."""
    if not kind.at_mark:
        yield from pattern.finditer(text)
        return
    at = text.find(mark)
    while at >= 0:
        if match := pattern.match(text, at):
            yield match
        at = text.find(mark, at + 1)


def _without_overlaps(found: dict[int, Spotted]) -> Iterator[Spotted]:
    end = -1
    for start in sorted(found):
        if start >= end:
            yield found[start]
            end = found[start].found.end


def _looks_drawn(token: str) -> bool:
    """Whether a token without fitting check digits may still be one: drawn at random, not a row of x."""
    return len(set(token)) >= VARIED and "EXAMPLE" not in token.upper()


def _confirmed(how: str, match: re.Match[str]) -> bool:
    if how == "base62-crc32":
        return _base62(zlib.crc32(match[1].encode())) == match[2]
    if how == "jwt":
        return _is_token_header(match[1])
    if how == "drawn":
        return len(set(match[0])) >= VARIED and not _stands_in(match[0])
    if how == "assigned":
        return _is_no_name(match["secret"])
    return True


def _is_no_name(value: str) -> bool:
    """Whether what is assigned is a value with letters and digits, and no name of one."""
    if not any(char.isdigit() for char in value) or not any(char.isalpha() for char in value):
        return False
    return len(set(value)) >= LEAST_VARIED and not NAME.fullmatch(value) and not _stands_in(value)


def _stands_in(value: str) -> bool:
    lowered = value.lower()
    return any(word in lowered for word in STAND_INS)


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(6, "0")


def _is_token_header(part: str) -> bool:
    """A JWT begins with a JSON object that names its algorithm (RFC 7515, section 4.1.1)."""
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header
