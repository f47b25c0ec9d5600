"""What a license says, what a model claims about its license, and what follows from both.

The details of a license record (`Kind.LICENSE`) hold these keys:

- `concluded`: the license id that was evaluated (the stricter one where claims disagree), empty when unresolved
- `declared`: what the card declares, in its own words
- `claims`: every claim that was found: `license`, `declared_in`, `text`, `how`
- `parents`: `core.lineage.Parent` values, each with the license that is known for it
- `dependencies`: packages that shipped code names: `name`, `license` (SPDX, or empty), `version`, `declared_in`
- `verdict`: ok, ok-with-obligations, warn, fail or unresolved, for the project's use profile
- `obligations`: `id`, `text`, `state` (met, unmet, manual), `clause`, `component`, `evidence`
- `questions`: what somebody has to answer before the verdict can be better
- `notice_strings`, `display_strings`, `name_prefixes`: exact strings a release must carry, sorted
- `texts_needed`: license ids whose text (or link) must travel with a release
- `allowed_release_licenses`: license ids a release may be put under
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One license as facts: every fact is a small table with a value and the clause it rests on.

    An absent fact means "the text does not address it" where `verification` is `text`, and "unknown"
    otherwise. It is never a permission.
    """

    id: str
    name: str
    family: str
    verified: bool
    verification: str
    version: str = ""
    applies_to: tuple[str, ...] = ()
    ambiguous: bool = False
    candidates: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def says(self, fact: str, key: str = "value", default: Any = "") -> Any:
        """One cell of a fact's table; `default` where the license is silent."""
        table = self.facts.get(fact)
        return table.get(key, default) if isinstance(table, Mapping) else default

    def clause(self, fact: str) -> str:
        """The clause a fact rests on."""
        return str(self.says(fact, "clause"))

    def rows(self, fact: str, key: str = "") -> tuple[Mapping[str, Any], ...]:
        """The rows of a fact that is a list (`naming`, `display`), or of a list inside a fact (`key`)."""
        found = self.says(fact, key, ()) if key else self.facts.get(fact, ())
        return tuple(found) if isinstance(found, (list, tuple)) else ()

    @property
    def known(self) -> bool:
        """Whether this names one license, so that something can be said about it."""
        return not self.ambiguous and self.family != "unknown"


class Level(StrEnum):
    """How much an issue weighs; the order is from harmless to refusing."""

    NOTE = "note"
    WARN = "warn"
    UNRESOLVED = "unresolved"
    FAIL = "fail"

    @property
    def rank(self) -> int:
        """0 for a note, 3 for a refusal."""
        return list(Level).index(self)


class State(StrEnum):
    """Whether a duty is fulfilled, as far as a machine can see."""

    MET = "met"
    UNMET = "unmet"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A license conflict or a missing duty: which components, by which clause, why, and the remedy.

    `verified` is False where nobody has read the text that the clause stands in.
    """

    id: str
    level: Level
    components: tuple[str, ...]
    why: str
    fix: str
    clause: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """Something you owe for a component, and whether it is done."""

    id: str
    text: str
    state: State
    component: str = ""
    clause: str = ""
    evidence: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One place that says something about a license: the card, a file's text, a header, a parent.

    `how` is exact, exact-with-extra, modified, reference, declared, or unresolved. `license` is empty
    where the claim could not be resolved to one license.
    """

    declared_in: str
    said: str
    how: str
    license: str = ""
    covers: str = "model"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows for a use: a verdict for the whole and for each component, and why.

    Verdicts: fail > unresolved > warn > ok-with-obligations > ok; the worst wins.
    """

    verdict: str
    components: Mapping[str, str]
    issues: tuple[Issue, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    questions: tuple[str, ...] = ()
    allowed_release_licenses: tuple[str, ...] = ()
    conditional_release_licenses: tuple[str, ...] = ()
