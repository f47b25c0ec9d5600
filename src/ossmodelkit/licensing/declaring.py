"""What a model card declares: the license that its tag, name and link come to, and where these disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ossmodelkit.core.license import Issue, Level
from ossmodelkit.licensing import claimed, expressions, facts, references
from ossmodelkit.licensing.repository import Repository


def declared(repository: Repository) -> expressions.Resolved:
    """The card's license as ids: the name or the link where the tag is `other`, and never a guess."""
    card = repository.card
    linked = references.linked(card.license_link)
    tags = tuple(tag for tag in card.license if tag.lower() not in claimed.NAMELESS)
    if not tags:
        named = card.license_name or linked
        if not named:
            return expressions.resolve(card.license)
        tags = (named,)
    ids: list[str] = []
    issues: list[expressions.Resolved] = []
    for tag in tags:
        found = facts.find_name(tag)
        one = expressions.Resolved(ids=(found.id,)) if found.id else expressions.resolve_word(tag)
        if found.candidates or not one.ids:
            one = expressions.resolve(tag) if not found.candidates else _open(tag, found.candidates)
        ids += one.ids
        issues += [one] if one.issue else []
    if linked and not ids:
        return expressions.Resolved(ids=(linked,))
    for beside in _beside(repository):
        ids = _with_name(ids, beside)
    first = issues[0] if issues else expressions.Resolved()
    return expressions.Resolved(ids=tuple(dict.fromkeys(ids)), issue=first.issue, fix=first.fix)


def _beside(repository: Repository) -> tuple[str, ...]:
    """The licenses that the name and the link on a card stand for."""
    card = repository.card
    named = facts.find_name(card.license_name).id if card.license_name else ""
    return tuple(filter(None, (named, references.linked(card.license_link))))


def _with_name(ids: list[str], named: str) -> list[str]:
    """A name beside a tag may be a text of its own that begins with the standard one; else the stricter holds."""
    if not ids or named in ids:
        return ids
    return [named] if _begins_with(named, ids) else [expressions.strictest((named, *ids))]


def _begins_with(named: str, ids: Iterable[str]) -> bool:
    return facts.terms(named).says("ids", "hf") in ids


def disagreements(repository: Repository) -> Iterator[Issue]:
    """A tag and a name or link on one card that stand for two licenses."""
    tagged = [found.id for tag in repository.card.license if (found := facts.find_name(tag)).id]
    for named in _beside(repository) if tagged else ():
        if named not in tagged and not _begins_with(named, tagged):
            yield Issue(
                id="license-declared-vs-file",
                level=Level.FAIL if strictness(named) > max(map(strictness, tagged)) else Level.WARN,
                components=(repository.name,),
                why=f"the card's license is {', '.join(tagged)}, and its name or link stands for {named}",
                fix="ask the publisher which holds; until then the stricter one is evaluated",
            )


def _open(tag: str, candidates: tuple[str, ...]) -> expressions.Resolved:
    listed = ", ".join(candidates)
    return expressions.Resolved(
        issue=f"{tag!r} does not say which license is meant: it may be {listed}",
        fix="read the LICENSE file and name the exact one",
    )


def strictness(license_id: str) -> int:
    """How much a license binds; one that nothing is known about binds most."""
    known = license_id in facts.index()["licenses"]
    return expressions.strictness(license_id) if known else len(expressions.LENIENT_FIRST)
