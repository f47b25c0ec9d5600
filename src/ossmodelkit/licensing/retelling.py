"""A repository and its family, told as the situation that is decided: its parts, and the folder as a release."""

from __future__ import annotations

from ossmodelkit.core.lineage import Relation
from ossmodelkit.licensing import dependencies
from ossmodelkit.licensing.claims import Conclusion
from ossmodelkit.licensing.lineage import Ancestor
from ossmodelkit.licensing.repository import Repository
from ossmodelkit.licensing.situation import Component, Profile, ReleasePlan, Role, Situation

# What a card may say in its front matter that is a statement of change.
CHANGES = frozenset({Relation.FINETUNE, Relation.MERGE, Relation.QUANTIZED})
MOST_README = 200_000


def situation(
    repository: Repository,
    conclusion: Conclusion,
    family: tuple[Ancestor, ...],
    profile: Profile,
    name: str,
    needed: tuple[dependencies.Dependency, ...],
) -> Situation:
    """The parts that a repository and its family are made of, and the plan that its folder is.

    A parent under the same license is not told twice; what came with it is told with the model itself.
    """
    components = [_own(repository, conclusion, family)] if conclusion.licenses else []
    components += _code(repository)
    components += dependencies.shipped(needed)
    for one in family:
        if one.licenses and set(one.licenses) != set(conclusion.licenses):
            components.append(_of_family(repository, one))
    return Situation(
        profile=profile, components=tuple(components), release=_plan(repository, conclusion, profile, name)
    )


def _own(repository: Repository, conclusion: Conclusion, family: tuple[Ancestor, ...]) -> Component:
    adapter = "adapter_config.json" in repository.files
    return Component(
        role="adapter" if adapter else "base",
        name=repository.name,
        license=conclusion.licenses,
        upstream_files=_came_with(repository, conclusion, family),
        modified=None
        if _keeps_its_name(repository, family)
        else not adapter and _changes_its_license(conclusion, family),
        kind=repository.kind,
        multimodal=repository.multimodal,
    )


def _came_with(repository: Repository, conclusion: Conclusion, family: tuple[Ancestor, ...]) -> tuple[str, ...]:
    """The files at the root of the model and of its parents under the same license."""
    same = [one.repository for one in family if one.repository and set(one.licenses) == set(conclusion.licenses)]
    return tuple(dict.fromkeys(name for one in (repository, *same) for name in one.files if "/" not in name))


def _keeps_its_name(repository: Repository, family: tuple[Ancestor, ...]) -> bool:
    """Whether it is called like its only base: then it may be a copy, and nobody says."""
    refs = {one.parent.ref for one in family if one.parent.relation in (Relation.FINETUNE, Relation.UNKNOWN)}
    return {ref.rpartition("/")[2].lower() for ref in refs} == {repository.name.lower()}


def _changes_its_license(conclusion: Conclusion, family: tuple[Ancestor, ...]) -> bool:
    """Whether works of others under the license that is declared were changed; one's own grant is no such work."""
    models = [one for one in family if one.parent.relation not in (Relation.DATASET, Relation.DISTILLED)]
    return any(not one.licenses or set(one.licenses) & set(conclusion.licenses) for one in models)


def _code(repository: Repository) -> list[Component]:
    """Code in the repository that names a license of its own: a file for it, or headers of scripts."""
    named = {file.identity.id: file.name for file in repository.licenses if file.covers == "code"}
    for script, expression in repository.headers:
        named.setdefault(expression, script)
    return [Component(role="repo-code", name=name, license=word) for word, name in named.items() if word]


def all_code(repository: Repository, conclusion: Conclusion) -> list[Component]:
    """Code of a license of its own, else scripts under the license of the whole."""
    ships = any(name.endswith(".py") for name in repository.files)
    whole = [Component(role="repo-code", name=repository.name, license=one) for one in conclusion.licenses if ships]
    return _code(repository) or whole


def _of_family(repository: Repository, one: Ancestor) -> Component:
    roles: dict[Relation, Role] = {Relation.DATASET: "dataset", Relation.DISTILLED: "synthetic-data"}
    adapter = one.parent.relation is Relation.ADAPTER
    return Component(
        role=roles.get(one.parent.relation, "base"),
        name=one.parent.ref,
        license=one.licenses,
        upstream_files=one.repository.files if one.repository else (),
        shipped=False if adapter or one.parent.relation in roles else None,
        modified=not adapter,
        kind=repository.kind,
        multimodal=repository.multimodal,
        purpose="imitate-teacher" if one.parent.relation is Relation.DISTILLED else None,
    )


def _plan(repository: Repository, conclusion: Conclusion, profile: Profile, name: str) -> ReleasePlan | None:
    """The folder as a release plan, where handing it on is part of the use."""
    if not (profile.distributes and conclusion.licenses):
        return None
    card = repository.card
    readme = f"{card.body[:MOST_README]}"
    changed = f"{card.relation} of {', '.join(card.base_models)}" if card.relation in CHANGES else ""
    return ReleasePlan(
        license=conclusion.licenses[0],
        name=name or repository.name,
        files=repository.files,
        notice_contains=tuple(notice.text for notice in repository.notices if notice.text),
        readme_contains=tuple(filter(None, (readme, changed))),
        agreement_contains=(card.gate_terms,) if card.gate_terms else (),
        model_card="present" if repository.card_name else "missing",
        gated=card.gated,
    )
