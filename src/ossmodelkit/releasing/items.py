"""The items of a release checklist: what is asked, in which profiles, and how much each weighs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean

LISTS = ("profiles", "refs", "asks", "may_tell", "needs")


class Weight(StrEnum):
    """What it means when an item is not fulfilled; the order is from a remark to a refusal."""

    INFO = "info"
    WARN = "warn"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 for a remark, 2 for a refusal."""
        return list(Weight).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question of the checklist.

    `asks` names what a person must state, `may_tell` what they may add, `needs` what a measurement must hold.
    """

    id: str
    group: str
    title: str
    why: str
    mode: Literal["automatic", "attested", "hybrid"]
    artifact: str
    check: str
    severity: Weight
    profiles: tuple[str, ...]
    refs: tuple[str, ...] = ()
    overrides: Mapping[str, Weight] = field(default_factory=dict)
    waivable: bool = True
    asks: tuple[str, ...] = ()
    may_tell: tuple[str, ...] = ()
    measure: str = ""
    needs: tuple[str, ...] = ()

    def weight(self, profiles: Iterable[str]) -> Weight | None:
        """The strictest severity among `profiles`; None where none of them asks."""
        asked = [self.overrides.get(p, self.severity) for p in profiles if p in self.profiles]
        return max(asked, key=lambda weight: weight.rank) if asked else None


@cache
def items() -> tuple[Item, ...]:
    """All items, in the order of the catalog."""
    data = tomllib.loads(resources.config("release", "items.toml").read_text(encoding="utf-8"))
    return tuple(_item(row) for row in data["item"])


def _item(row: dict[str, Any]) -> Item:
    """Shipped data, held against its shape by a test: the general reader would cost more than all else here."""
    lists: dict[str, Any] = {
        name: tuple(row[name]) for name in ("profiles", "refs", "asks", "may_tell", "needs") if name in row
    }
    overrides = {profile: Weight(word) for profile, word in row.get("overrides", {}).items()}
    fields: dict[str, Any] = {**row, **lists, "severity": Weight(row["severity"]), "overrides": overrides}
    return Item(**fields)


@cache
def profiles() -> Mapping[str, str]:
    """The known profiles, each with what it means."""
    data = tomllib.loads(resources.config("release", "profiles.toml").read_text(encoding="utf-8"))
    return {row["id"]: row["meaning"] for row in data["profile"]}


def check_profiles(wanted: Iterable[str]) -> tuple[str, ...]:
    """`wanted` without doubles; raises `UsageError` for an unknown profile or for none at all."""
    chosen = tuple(dict.fromkeys(wanted))
    for name in chosen:
        if name not in profiles():
            raise UsageError(f"no profile is called {name!r}", hint=did_you_mean(name, profiles()))
    if not chosen:
        raise UsageError("a release needs a profile", hint="known are " + ", ".join(profiles()))
    return chosen
