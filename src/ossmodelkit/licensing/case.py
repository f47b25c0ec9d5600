"""A situation with every license looked up: what the rules read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ossmodelkit.core.license import Issue, Level, Terms
from ossmodelkit.licensing import expressions, facts
from ossmodelkit.licensing.situation import (
    CODE,
    OUTPUTS,
    TRAINED_WITH,
    WEIGHTS,
    Component,
    Profile,
    ReleasePlan,
    Situation,
)

IMITATES = re.compile(
    r"(?<!\bno[ -])(?<!\bnot[ -])(?<!\bnon[ -])(imitat|distil|teacher|mimic|clone|replicat|similar)", re.I
)
EVALUATES = re.compile(r"eval|benchmark|test-?set|judge", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component under one license; a component with two licenses becomes two parts.

    `new_model`: something is trained, merged or changed. `trains_another`: the use is to train another model.
    `in_training`: data is trained on, and not only handed on.
    """

    component: Component
    label: str
    terms: Terms
    new_model: bool = False
    trains_another: bool = False
    in_training: bool = True

    @property
    def role(self) -> str:
        """The component's role."""
        return self.component.role

    @property
    def is_weights(self) -> bool:
        """Whether the released weights come from it."""
        return self.role in WEIGHTS

    @property
    def is_code(self) -> bool:
        """Whether it is code or a tool."""
        return self.role in CODE

    @property
    def is_outputs(self) -> bool:
        """Whether it is something a model produced; a dataset under a model's license is."""
        return self.role in OUTPUTS or (self.role == "dataset" and "model" in self.terms.applies_to and self._of_model)

    @property
    def came_as_data(self) -> bool:
        """Whether it is outputs that somebody handed over; of an output source we run the model ourselves."""
        return self.is_outputs and self.role != "output-source"

    @property
    def is_learned_from(self) -> bool:
        """Whether it is outputs that another model is trained on."""
        if not self.is_outputs or self.evaluates_only:
            return False
        return self.in_training if self.came_as_data else self.trains_another or self.imitates

    @property
    def _of_model(self) -> bool:
        return "data" not in self.terms.applies_to and ("outputs" in self.terms.facts or "naming" in self.terms.facts)

    @property
    def is_data(self) -> bool:
        """Whether it is data that people collected."""
        return self.role == "dataset" and not self.is_outputs

    @property
    def evaluates_only(self) -> bool:
        """Whether nothing is trained on it."""
        return bool(EVALUATES.search(self.component.purpose or "")) and not self.imitates

    @property
    def imitates(self) -> bool:
        """Whether the student is meant to perform like the teacher."""
        return bool(IMITATES.search(self.component.purpose or ""))

    @property
    def makes_covered_derivative(self) -> bool:
        """Whether the teacher's license calls a student trained on its outputs a derivative."""
        if not (self.is_learned_from and self.terms.says("outputs", "distillation_is_derivative", False)):
            return False
        return self.imitates or not self.terms.says("outputs", "distillation_needs_similarity", True)

    @property
    def covers_weights(self) -> bool:
        """Whether its license speaks about the weights that come out in the end."""
        return self.is_weights or self.makes_covered_derivative

    @property
    def is_modified(self) -> bool:
        """Whether this part itself was changed before it is shipped."""
        if self.component.modified is not None:
            return self.component.modified
        return self.role == "merge-input" or (self.role == "base" and self.new_model)

    def issue(
        self, check: str, level: Level, why: str, fix: str, *, fact: str = "", clause: str = "", verified: bool = True
    ) -> Issue:
        """An issue about this part, with the clause of the fact it rests on."""
        return Issue(
            id=check,
            level=level,
            components=(self.label,),
            why=why,
            fix=fix,
            clause=clause or (self.terms.clause(fact) if fact else ""),
            verified=self.terms.verified and verified,
        )


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the rules read: the profile, every part with its terms, and the release."""

    profile: Profile
    parts: tuple[Part, ...]
    release: ReleasePlan | None
    unresolved: tuple[Issue, ...] = ()
    components: tuple[Component, ...] = ()

    @cached_property
    def release_terms(self) -> Terms | None:
        """The terms of the planned release, where its license is one that is known."""
        if self.release is None:
            return None
        for word in (self.release.license, self.release.license_name):
            found = facts.find(word) if word else None
            if found and found.id and facts.terms(found.id).known:
                return facts.terms(found.id)
        return None

    @cached_property
    def makes_new_model(self) -> bool:
        """Whether training, merging or changing takes place, and not a plain copy."""
        return any(p.role in TRAINED_WITH or (p.is_weights and p.is_modified) for p in self.parts)

    @property
    def names_new_model(self) -> bool:
        """Whether a name has to be found: for a new model, or a base that goes out under another name.

        A base of which nobody says whether it was changed is a copy only where it keeps its name.
        """
        if self.makes_new_model or self.release is None or not self.release.name:
            return self.makes_new_model
        own = self.release.name.rpartition("/")[2].lower()
        silent = [p for p in self.parts if p.is_weights and p.component.modified is None]
        return any(p.component.name.rpartition("/")[2].lower() != own for p in silent)

    @property
    def covering(self) -> tuple[Part, ...]:
        """The parts whose licenses speak about the released weights."""
        return tuple(part for part in self.parts if part.covers_weights and not self.is_bound_at_use(part))

    def is_bound_at_use(self, part: Part) -> bool:
        """Whether it is the base of an adapter that goes out alone: its license binds where the two meet.

        Not where the license itself counts adapters as derivatives.
        """
        alone = part.role == "base" and part.component.shipped is False and not part.terms.says("derivative_definition")
        return alone and any(p.role == "adapter" and p.component.is_shipped for p in self.parts)

    @property
    def data_handed_on(self) -> tuple[Part, ...]:
        """The data that goes out as data."""
        if "redistribute-dataset" not in self.profile.use:
            return ()
        return tuple(part for part in self.parts if part.role == "dataset" and part.component.shipped is not False)

    def trains_on(self, part: Part) -> bool:
        """Whether another model is trained on what this part produced."""
        return part.is_learned_from or (part.is_weights and part.trains_another)

    def kinds_of_model(self) -> tuple[str, ...]:
        """What kinds of model come out; empty when nobody said, or not of every base."""
        kinds = [p.component.kind.lower() for p in self.parts if p.is_weights and p.component.kind]
        silent = any(p.role in ("base", "merge-input") and not p.component.kind for p in self.parts)
        return () if silent else tuple(kinds)

    def with_release(self, license_id: str, agreement: tuple[str, ...] = ()) -> Case:
        """The same case, released under another license, with `agreement` beside it."""
        plan = replace(self.release or ReleasePlan(), license=license_id, license_name=None)
        plan = replace(plan, agreement_contains=(*plan.agreement_contains, *agreement))
        return Case(profile=self.profile, parts=self.parts, release=plan)


def build(situation: Situation) -> Case:
    """Look every license up; what cannot be resolved becomes an issue and no part."""
    new_model = any(c.role in TRAINED_WITH for c in situation.components)
    another = "train-other-model" in situation.profile.use
    only_data = set(situation.profile.use) <= {"redistribute-dataset"}
    trains = not only_data or any(c.role in WEIGHTS for c in situation.components)
    parts: list[Part] = []
    unresolved: list[Issue] = []
    for label, component in zip(labels(situation.components), situation.components, strict=True):
        options = expressions.resolve(component.license)
        if options.issue:
            unresolved.append(_unresolved(label, component, options))
        parts += [
            Part(
                component=component,
                label=label,
                terms=facts.terms(license_id),
                new_model=new_model,
                trains_another=another,
                in_training=trains,
            )
            for license_id in options.ids
        ]
    return Case(
        profile=situation.profile,
        parts=tuple(parts),
        release=situation.release,
        unresolved=tuple(unresolved),
        components=situation.components,
    )


def labels(components: Iterable[Component]) -> Iterator[str]:
    """What every component is called in an answer: its name, its producer or its role, numbered where it repeats."""
    seen: Counter[str] = Counter()
    for component in components:
        base = component.name or component.produced_by or component.role
        seen[base] += 1
        yield base if seen[base] == 1 else f"{base} ({seen[base]})"


def _unresolved(label: str, component: Component, options: expressions.Resolved) -> Issue:
    return Issue(
        id="license-unresolved-license",
        level=Level.UNRESOLVED,
        components=(label,),
        why=options.issue,
        fix=options.fix or f"find the license text of this {component.role} and name its exact license",
        verified=True,
    )
