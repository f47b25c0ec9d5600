"""A described situation laid down as folders: the model with its card, and its parents and data beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Part = dict[str, Any]
WEIGHTS = ("base", "merge-input")
# What a folder has no place for: an interface, terms of a service, guardrails, purposes.
NO_PLACE = ("ui_contains", "agreement_contains", "license_name")
SAID_OTHERWISE = ("guardrails", "trained_from", "purpose", "linked", "source_offered", "shipped")


def can_be_laid(parts: list[Part], plan: dict[str, Any] | None, uses: list[str]) -> bool:
    """Whether folders can say all of it: a named model that goes out, made of named weights and data."""
    if not plan or not plan.get("license") or not plan.get("name") or any(plan.get(key) for key in NO_PLACE):
        return False
    names = [part.get("name") for part in parts]
    simple = all(
        part["role"] in (*WEIGHTS, "dataset") and part.get("license") and not any(part.get(k) for k in SAID_OTHERWISE)
        for part in parts
    )
    whole = None not in names and len(set(names)) == len(names) and any(part["role"] in WEIGHTS for part in parts)
    handed_on = {"redistribute-weights", "embed-in-product"} & set(uses)
    return simple and whole and bool(handed_on) and plan.get("model_card", "present") == "present"


def lay(root: Path, parts: list[Part], plan: dict[str, Any], text_of: Callable[[str], str]) -> Path:
    """Write the folders; files of which `text_of` knows no text are left out of the plan as well."""
    own = root / plan["name"].rpartition("/")[2]
    bases = [part for part in parts if part["role"] in WEIGHTS]
    front: dict[str, Any] = {"license": plan["license"]}
    if not _is_copy(bases, plan):
        front["base_model"] = [part["name"] for part in bases]
        for part in bases:
            _card(root / _short(part), {"license": part["license"]})
            for name in part.get("upstream_files", ()):
                if not name.startswith("LICENSE"):
                    (root / _short(part) / name).write_text("Words of its own.\n")
    for part in parts:
        if part["role"] == "dataset":
            front.setdefault("datasets", []).append(part["name"])
            _card(root / _short(part), {"license": part["license"]})
    _card(own, front, "\n".join(plan.get("readme_contains", ())))
    config = {"vision_config": {}} if any(part.get("multimodal") for part in parts) else {}
    (own / "config.json").write_text(json.dumps(config))
    plan["files"] = [name for name in plan.get("files", ()) if _write(own, name, bases, plan, text_of)]
    return own


def _is_copy(bases: list[Part], plan: dict[str, Any]) -> bool:
    (first, *more) = bases
    kept = first.get("modified") is None and _short(first) == plan["name"].rpartition("/")[2]
    return not more and (first.get("modified") is False or kept) and first["license"] == plan["license"]


def _short(part: Part) -> str:
    return str(part["name"]).rpartition("/")[2]


def _card(folder: Path, front: dict[str, Any], body: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(front)}---\n{body}\n")


def _write(own: Path, name: str, bases: list[Part], plan: dict[str, Any], text_of: Callable[[str], str]) -> bool:
    if name.rpartition("/")[2].upper().startswith("NOTICE"):
        text = "\n".join(plan.get("notice_contains", ())) or "Words of its own."
    elif "LICENSE" in name.upper() or name.startswith("COPYING"):
        others = [part["license"] for part in bases if part["license"] != plan["license"]]
        text = text_of(plan["license"] if name.partition(".")[0] in ("LICENSE", "COPYING") else "".join(others[:1]))
    else:
        text = "" if name == "README.md" else "Words of its own."
    if text:
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(text)
    return bool(text)
