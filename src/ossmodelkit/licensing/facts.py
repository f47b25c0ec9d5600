"""The facts about licenses: one TOML table each, found by id, hub tag, SPDX id or license name."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ossmodelkit.core.license import Terms
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import KitError, UsageError

INDEX = "license-index.json"
OWN_FIELDS = frozenset(
    {"id", "name", "version", "family", "applies_to", "ambiguous", "candidates", "verified", "verification"}
)
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a word means: one license id, several candidates, or nothing (`nearest` helps the reader)."""

    word: str
    id: str = ""
    candidates: tuple[str, ...] = ()
    nearest: str = ""


@cache
def index() -> Mapping[str, Any]:
    """The generated index: which word stands for which license, and the one-line facts of each."""
    try:
        loaded: Mapping[str, Any] = json.loads(resources.config(INDEX).read_bytes())
    except (OSError, ValueError) as error:
        raise KitError("the license index is missing or damaged", hint="reinstall ossmodelkit") from error
    return loaded


def ids() -> tuple[str, ...]:
    """The ids of all licenses that facts are known about, sorted."""
    return tuple(sorted(index()["licenses"]))


@cache
def terms(license_id: str) -> Terms:
    """The facts of one license.

    Raises `UsageError` with the nearest known id.
    """
    if license_id not in index()["licenses"]:
        raise UsageError(f"no license is called {license_id!r}", hint=_suggest(license_id))
    data = tomllib.loads(resources.config("licenses", f"{license_id}.toml").read_text(encoding="utf-8"))
    return _terms(data)


def every_terms() -> tuple[Terms, ...]:
    """The facts of all licenses, by id."""
    return tuple(terms(license_id) for license_id in ids())


def find(word: str) -> Found:
    """What `word` means, wherever it stands: a license id first, then hub tags, SPDX ids and names."""
    if word.strip().lower() in index()["licenses"]:
        return Found(word=word, id=word.strip().lower())
    return find_name(word)


def find_name(word: str) -> Found:
    """What a card's `license` or `license_name` means; a name that several texts share stays open.

    The names `tencent-hunyuan-community` and `nvidia-open-model-license` are ids here and shared names
    on the hub, so a card is never read with `find`.
    """
    key = fold(word)
    candidates = index()["ambiguous"].get(key)
    if candidates:
        return Found(word=word, candidates=tuple(candidates))
    license_id = index()["names"].get(key, "")
    if license_id:
        found = index()["licenses"][license_id]
        if found["ambiguous"] or found["family"] == UNKNOWN:
            return Found(word=word, candidates=tuple(found.get("candidates", ())))
        return Found(word=word, id=license_id)
    return Found(word=word, nearest=_nearest(word))


def fold(word: str) -> str:
    """A license name without case, outer blanks, `LicenseRef-` and the ways to write a gap."""
    folded = re.sub(r"[\s_]+", "-", word.strip().lower())
    return folded.removeprefix("licenseref-")


def _nearest(word: str) -> str:
    near = difflib.get_close_matches(fold(word), index()["names"], n=1, cutoff=0.75)
    return str(index()["names"][near[0]]) if near else ""


def _suggest(word: str) -> str:
    near = _nearest(word)
    return f"did you mean {near!r}?" if near else "kit license explain --list shows all"


def _terms(data: dict[str, Any]) -> Terms:
    own = {key: data[key] for key in OWN_FIELDS if key in data}
    for key in ("applies_to", "candidates"):
        own[key] = tuple(own.get(key, ()))
    own["version"] = str(own.get("version", ""))
    return Terms(**own, facts={key: value for key, value in data.items() if key not in OWN_FIELDS})
