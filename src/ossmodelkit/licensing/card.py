"""A model card's front matter: what it declares about license, lineage and gating."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ossmodelkit.licensing.reading import load_yaml

LONGEST_FRONT_MATTER = 128 * 1024
MOST_ENTRIES = 200
LONGEST_VALUE = 400
LONGEST_TERMS = 20_000
ONCE = ("license", "license_name", "license_link", "base_model")
PROSE = re.compile(
    r"(licen[cs]ed?\s+(?:under|as)|released\s+under|available\s+under|distributed\s+under|subject\s+to)\s+"
    r"(?:the\s+|an?\s+)?(?P<what>(?:[^.\n]|\.(?=\d)){2,80})",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the card says. `problem` says why its front matter could not be read."""

    license: tuple[str, ...] = ()
    license_name: str = ""
    license_link: str = ""
    base_models: tuple[str, ...] = ()
    relation: str = ""
    datasets: tuple[str, ...] = ()
    gated: bool = False
    gate_terms: str = ""
    eu_disallowed: bool = False
    tags: tuple[str, ...] = ()
    prose: str = ""
    body: str = ""
    problem: str = ""


def parse(text: str) -> Card:
    """Read a card; broken front matter is a problem on the card and no error."""
    front, body = split(text)
    if front is None:
        return Card(body=body, prose=_prose(body))
    if len(front) > LONGEST_FRONT_MATTER:
        return Card(body=body, problem=f"its front matter has {len(front)} characters, {LONGEST_FRONT_MATTER} are read")
    try:
        data = load_yaml(front)
    except ValueError as error:
        return Card(body=body, prose=_prose(body), problem=f"its front matter is no YAML: {error}")
    twice = next((key for key in ONCE if len(re.findall(rf"^{key}[ \t]*:", front, re.M)) > 1), "")
    if twice:
        return Card(body=body, prose=_prose(body), problem=f"its front matter says {twice!r} twice")
    if data is None:
        return Card(body=body, prose=_prose(body))
    if not isinstance(data, dict):
        return Card(body=body, prose=_prose(body), problem="its front matter is no table")
    return _card(data, body)


def split(text: str) -> tuple[str | None, str]:
    """The front matter between two lines of dashes, and the rest; None where there is no front matter."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lead = text.lstrip("\n ")
    if not re.match(r"---[ \t]*\n", lead):
        return None, text
    rest = lead.partition("\n")[2]
    end = re.search(r"^---[ \t]*$", rest, re.M)
    if end is None:
        return rest, ""
    return rest[: end.start()], rest[end.end() :]


def _card(data: Mapping[Any, Any], body: str) -> Card:
    gate_keys = [key for key in data if str(key).startswith("extra_gated")]
    licenses = words(data.get("license"))
    return Card(
        license=licenses,
        license_name=_first(data.get("license_name")),
        license_link=_first(data.get("license_link")),
        base_models=words(data.get("base_model")),
        relation=_first(data.get("base_model_relation")).lower(),
        datasets=words(data.get("datasets")),
        gated=bool(gate_keys) or str(data.get("gated", "")).lower() in ("true", "auto", "manual"),
        gate_terms=_gate_terms(data),
        eu_disallowed=data.get("extra_gated_eu_disallowed") is True,
        tags=words(data.get("tags")),
        prose="" if licenses else _prose(body),
        body=body,
    )


def _gate_terms(data: Mapping[Any, Any]) -> str:
    """What whoever downloads agrees to: the prompt of the gate, and the words beside its boxes."""
    fields = data.get("extra_gated_fields")
    boxes = fields if isinstance(fields, dict) else {}
    ticked = [key for key, value in list(boxes.items())[:MOST_ENTRIES] if value == "checkbox"]
    prompt = data.get("extra_gated_prompt")
    told = ([prompt] if isinstance(prompt, str) else []) + [key for key in ticked if isinstance(key, str)]
    return " ".join(" ".join(told).split())[:LONGEST_TERMS]


def words(value: Any) -> tuple[str, ...]:
    """A scalar or a list of scalars as texts; anything else, and everything beyond the limits, is dropped."""
    items = value if isinstance(value, list) else [value]
    found = []
    for item in items[:MOST_ENTRIES]:
        name = item.get("name") if isinstance(item, dict) else item
        if isinstance(name, (str, int, float)) and not isinstance(name, bool) and str(name).strip():
            found.append(str(name).strip()[:LONGEST_VALUE])
    return tuple(found)


def _first(value: Any) -> str:
    return next(iter(words(value)), "")


def _prose(body: str) -> str:
    found = PROSE.search(body[:200_000])
    return " ".join(found["what"].split())[:120] if found else ""
