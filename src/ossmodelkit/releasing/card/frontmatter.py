"""The header of a card: plain values between two lines of dashes.

We write a small part of YAML (plain words, JSON, block lists) and read that part ourselves, so that
verifying needs no YAML library. Headers written by others are handed to one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ossmodelkit.foundation.yaml_text import NotYamlError, parse_yaml

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+-]*")
KEY = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?: (.+))?")
# Words that YAML 1.1 takes for something else; the language code of Norwegian is the best known.
NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
DASHES = "---"
# What YAML does not allow as it is, or takes for the end of a line.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A header taken apart: its values, the line each key stands in, and the text below it.

    `fault` says why the header could not be read; the values are empty then.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    body: str = ""
    fault: str = ""
    present: bool = False


def read(text: str) -> Front:
    """The header and the body of a card. Never raises: what cannot be read is a `fault`."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    if not lines or lines[0].rstrip() != DASHES:
        return Front(body=text)
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == DASHES), None)
    if end is None:
        return Front(body=text, fault="the header is not closed", present=True)
    inner = [line.rstrip("\r\n") for line in lines[1:end]]
    body = "".join(lines[end + 1 :])
    places = {match[1]: i + 2 for i, line in enumerate(inner) if (match := KEY.match(line))}
    values = _read(inner)
    if isinstance(values, str):
        return Front(body=body, fault=values, present=True)
    return Front(values=values, lines=places, body=body, present=True)


def write(values: Mapping[str, Any]) -> str:
    """The header with its dashes; the same values give the same text."""
    lines = [DASHES]
    for key, value in values.items():
        if isinstance(value, (list, tuple)) and value and all(isinstance(one, str) for one in value):
            lines += [f"{key}:", *(f"- {_scalar(one)}" for one in value)]
        else:
            lines.append(f"{key}: {_scalar(value)}")
    return "\n".join([*lines, DASHES, ""])


def _scalar(value: Any) -> str:
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in NOT_TEXT:
        return value
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _read(lines: list[str]) -> dict[str, Any] | str:
    try:
        return _simple(lines)
    except ValueError:
        return _by_library("\n".join(lines))


def _simple(lines: list[str]) -> dict[str, Any]:
    """Read what `write` writes; raises `ValueError` for anything else."""
    values: dict[str, Any] = {}
    key = ""
    for line in lines:
        if line.startswith("- ") and isinstance(values.get(key), list):
            values[key].append(_value(line[2:]))
            continue
        match = KEY.fullmatch(line)
        if match is None or match[1] in values:
            raise ValueError(line)
        key = match[1]
        values[key] = _value(match[2]) if match[2] else []
    if any(value == [] for value in values.values()):
        raise ValueError("a key without a value")
    return values


def _value(text: str) -> Any:
    if PLAIN.fullmatch(text) and text.lower() not in NOT_TEXT:
        return text
    return json.loads(text)


def load(text: str) -> Any:
    """A YAML document as plain values; None for one that is broken or empty."""
    try:
        return parse_yaml(text)
    except NotYamlError:
        return None


def _by_library(text: str) -> dict[str, Any] | str:
    try:
        values = parse_yaml(text)
    except NotYamlError as error:
        where = f" in line {error.line + 1}" if error.line else ""
        return f"the header is not YAML{where}: {error.reason}"
    if values is None:
        return {}
    return values if isinstance(values, dict) else "the header is no table of keys and values"
