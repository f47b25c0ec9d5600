"""The family of a model: its parents, their parents, and what their licenses are.

Walked with a visited set and a depth limit, so that a model that names itself, or two that name each
other, end in an issue and not in a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ossmodelkit.core.license import Issue, Level
from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.licensing.known_models import by_name
from ossmodelkit.licensing.model_names import key, stem
from ossmodelkit.licensing.repository import Repository

DEEPEST = 8
MOST_NODES = 200
CYCLE = "it names itself as its own ancestor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """One model of the family: who named it, at which depth, and what is known about its license.

    `how` is read, stated, by-name or unresolved; `licenses` holds the ids of an ancestor whose license is known.
    """

    parent: Parent
    child: str
    depth: int
    how: str = "unresolved"
    licenses: tuple[str, ...] = ()
    gated: bool = False
    note: str = ""
    repository: Repository | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a resolver found about a reference: licenses, gate and the next generation."""

    licenses: tuple[str, ...]
    how: str
    parents: tuple[Parent, ...] = ()
    gated: bool = False
    note: str = ""
    repository: Repository | None = None


Resolver = Callable[[Parent], Resolved | None]


def walk(name: str, parents: Iterable[Parent], resolve: Resolver) -> tuple[Ancestor, ...]:
    """Every ancestor once, nearest first."""
    found: list[Ancestor] = []
    seen = {key(name)}
    layer = [(parent, name) for parent in _once(parents)]
    for depth in range(1, DEEPEST + 1):
        following: list[tuple[Parent, str]] = []
        for parent, child in layer:
            itself = _is_itself(parent.ref, name, depth)
            if itself or key(parent.ref) in seen:
                if itself:
                    found.append(Ancestor(parent=parent, child=child, depth=depth, note=CYCLE))
                continue
            if len(found) >= MOST_NODES:
                return tuple(found)
            seen.add(key(parent.ref))
            resolved = resolve(parent) or _named(parent)
            found.append(_ancestor(parent, child, depth, resolved))
            following += [(grand, parent.ref) for grand in (resolved.parents if resolved else ())]
        layer = following
    return tuple(found)


def _once(parents: Iterable[Parent]) -> Iterator[Parent]:
    """Every parent of the weights once, however many files name it and whoever made the copy."""
    stems: set[str] = set()
    for parent in parents:
        if parent.relation is Relation.DATASET:
            yield parent
        elif stem(parent.ref) not in stems:
            stems.add(stem(parent.ref))
            yield parent


def _is_itself(ref: str, name: str, depth: int) -> bool:
    """A folder has no publisher, so a parent of the same name may be the original; a grandparent is the model."""
    return key(ref) == key(name) or (depth > 1 and key(ref).rpartition("/")[2] == key(name))


def _named(parent: Parent) -> Resolved | None:
    """What the name alone says; never more than a claim."""
    found = by_name(parent)
    return Resolved(licenses=found.licenses, how="by-name", note=found.note) if found else None


def _ancestor(parent: Parent, child: str, depth: int, resolved: Resolved | None) -> Ancestor:
    if resolved is None or not resolved.licenses:
        note = resolved.note if resolved else ""
        return Ancestor(parent=parent, child=child, depth=depth, note=note)
    known = replace(
        parent,
        license=" AND ".join(resolved.licenses),
        resolved=resolved.how == "read",
        stated=resolved.note if resolved.how == "stated" else "",
    )
    return Ancestor(
        parent=known,
        child=child,
        depth=depth,
        how=resolved.how,
        licenses=resolved.licenses,
        gated=resolved.gated,
        note=resolved.note,
        repository=resolved.repository,
    )


def disagreements(repository: Repository) -> Iterator[Issue]:
    """Where the card and the files name different parents."""
    of_weights = [p for p in repository.parents if p.relation is not Relation.DATASET]
    on_card = [p for p in of_weights if p.declared_in == "README.md"]
    stems = {stem(parent.ref) for parent in on_card} | {stem(repository.name)}
    for parent in of_weights:
        if parent.declared_in == "README.md" or stem(parent.ref) in stems:
            continue
        where = f"{parent.declared_in} names {parent.ref!r}"
        if on_card:
            yield Issue(
                id="license-lineage-mismatch",
                level=Level.FAIL if parent.relation in (Relation.ADAPTER, Relation.MERGE) else Level.WARN,
                components=(repository.name, parent.ref),
                why=f"{where} as its base, and the card names {', '.join(p.ref for p in on_card)}",
                fix="ask the publisher which base it is; the licenses of both are evaluated",
            )
        else:
            yield Issue(
                id="license-lineage-undeclared",
                level=Level.WARN,
                components=(repository.name, parent.ref),
                why=f"{where}, and the card declares no base",
                fix="add base_model to the card",
            )
        stems.add(stem(parent.ref))
