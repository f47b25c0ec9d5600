"""SPDX expressions of packages: the canonical spelling, and the sets of licenses that fulfill one."""

from __future__ import annotations

import itertools
import re

MOST_ALTERNATIVES = 32
TOKEN = re.compile(r"\(|\)|AND\b|OR\b|(?!AND\b|OR\b)[^\s()]+(?: WITH [^\s()]+)?")

Alternatives = tuple[frozenset[str], ...]


def canonical(word: str) -> str:
    """An SPDX expression in its canonical spelling; empty for what is none."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return str(canonicalize_license_expression(word)) if word.strip() else ""
    except (InvalidLicenseExpression, RecursionError, MemoryError):
        return ""


def alternatives(expression: str) -> Alternatives:
    """What may be chosen: each set holds licenses that all apply. Empty for what is no expression, or too wide."""
    tokens = TOKEN.findall(expression)[::-1]
    try:
        found = _any(tokens)
    except (IndexError, RecursionError, ValueError):
        return ()
    return () if tokens else found


def _any(tokens: list[str]) -> Alternatives:
    found = _all(tokens)
    while tokens and tokens[-1] == "OR":
        tokens.pop()
        found += _all(tokens)
    return found


def _all(tokens: list[str]) -> Alternatives:
    found = _one(tokens)
    while tokens and tokens[-1] == "AND":
        tokens.pop()
        more = _one(tokens)
        if len(found) * len(more) > MOST_ALTERNATIVES:
            raise ValueError("too many alternatives")
        found = tuple(left | right for left, right in itertools.product(found, more))
    return found


def _one(tokens: list[str]) -> Alternatives:
    first = tokens.pop()
    if first != "(":
        return (frozenset({first}),)
    found = _any(tokens)
    if tokens.pop() != ")":
        raise ValueError("an open bracket")
    return found
