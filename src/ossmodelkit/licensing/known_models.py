"""Which license the name of a widely used base stands for: a claim that may accuse, and never acquits."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.foundation import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a name stands for."""

    licenses: tuple[str, ...]
    note: str = "known by its name; the text was not read"


def by_name(parent: Parent) -> Named | None:
    """What the name alone says, for publishers whose bases are in everybody's hands."""
    if parent.relation is Relation.DATASET:
        return None
    for pattern, license_id in _known():
        if pattern.fullmatch(parent.ref):
            return Named(licenses=(license_id,))
    return None


@cache
def _known() -> tuple[tuple[re.Pattern[str], str], ...]:
    rows = tomllib.loads(resources.config("license-known-models.toml").read_text(encoding="utf-8"))["models"]
    return tuple((re.compile(row["pattern"], re.I), row["license"]) for row in rows)
