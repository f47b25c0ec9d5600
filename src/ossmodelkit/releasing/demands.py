"""What a publisher or a receiver demands of a release, on top of the catalog. Demands may only tighten."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.finding import Severity
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean, from_wire
from ossmodelkit.releasing.items import Weight, check_profiles, items, profiles

USUAL_AGE_DAYS = {"scan": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """Profiles, the finding severity that refuses, the item weight that refuses, raised items, ages in days."""

    name: str = "default"
    profiles: tuple[str, ...] = ("internal",)
    refuse_at: Severity = Severity.MEDIUM
    fail_on: Weight = Weight.BLOCK
    severity: Mapping[str, Weight] = field(default_factory=dict)
    max_age_days: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.profiles:
            raise ValueError("without a profile nothing is asked; known are " + ", ".join(profiles()))
        for name in self.profiles:
            if name not in profiles():
                raise ValueError(f"no profile is called {name!r}; {did_you_mean(name, profiles())}")
        known = {item.id: item for item in items()}
        for name, weight in self.severity.items():
            if name not in known:
                raise ValueError(f"no item is called {name!r}; {did_you_mean(name, known)}")
            if weight.rank < known[name].severity.rank:
                raise ValueError(f"a policy may only tighten: {name} is {known[name].severity}, not {weight}")
        if self.refuse_at.rank > Severity.MEDIUM.rank:
            raise ValueError("a policy may only tighten: refuse_at is medium or stricter")
        for kind, days in self.max_age_days.items():
            if kind not in set(Kind):
                raise ValueError(f"no record is of the kind {kind!r}; {did_you_mean(kind, list(Kind))}")
            if days < 0 or days > USUAL_AGE_DAYS.get(kind, days):
                raise ValueError(
                    f"a policy may only tighten: {kind} records may be {USUAL_AGE_DAYS.get(kind)} days old"
                )

    def weight(self, item_id: str, usual: Weight) -> Weight:
        """The weight of an item under these demands."""
        return max(usual, self.severity.get(item_id, usual), key=lambda weight: weight.rank)

    def age_allowed(self, kind: str) -> int | None:
        """How many days old a record of this kind may be; None where nobody set a limit."""
        return self.max_age_days.get(kind, USUAL_AGE_DAYS.get(kind))

    def and_also(self, other: Demands) -> Demands:
        """Both at once: of every rule the stricter one."""
        ages = dict(self.max_age_days)
        for kind, days in other.max_age_days.items():
            ages[kind] = min(days, ages.get(kind, days))
        weights = dict(self.severity)
        for name, weight in other.severity.items():
            weights[name] = max(weight, weights.get(name, weight), key=lambda one: one.rank)
        return replace(
            self,
            name=self.name if other.name == self.name else f"{self.name} + {other.name}",
            profiles=tuple(dict.fromkeys((*self.profiles, *other.profiles))),
            refuse_at=min(self.refuse_at, other.refuse_at, key=lambda one: one.rank),
            fail_on=min(self.fail_on, other.fail_on, key=lambda one: one.rank),
            severity=weights,
            max_age_days=ages,
        )


def read_demands(wanted: str) -> Demands:
    """The demands in a TOML file, or those shipped under that name.

    Raises `UsageError` for a misspelt field, an unknown name, or a rule that would loosen the catalog.
    """
    path = Path(wanted)
    if not path.suffix and resources.config("policies", f"{wanted}.toml").is_file():
        path = resources.config("policies", f"{wanted}.toml")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        shipped = sorted(found.stem for found in resources.config("policies").glob("*.toml"))
        raise UsageError(
            f"cannot read the policy {wanted!r}: {error}", hint=f"give a file, or {', '.join(shipped)}"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}", hint="a policy is TOML: docs/releasing.md shows one") from error
    found = from_wire(Demands, data, where=str(path))
    check_profiles(found.profiles)
    return found
