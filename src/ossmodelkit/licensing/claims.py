"""From what a repository says to one concluded license, and an issue for every disagreement.

Precedence: the text in the repository, then a license link into it, then the license name, then the
tag. Where two disagree the stricter one is evaluated, and the disagreement is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.license import Claim, Issue, Level
from ossmodelkit.licensing import claimed, declaring, expressions, facts, material, metadata
from ossmodelkit.licensing.identify import Identity
from ossmodelkit.licensing.repository import LicenseFile, Repository
from ossmodelkit.licensing.rules import texts

EXCEPTION = "-exception"
NAMED_FOR = re.compile(r"licen[cs]e[-_.](?P<word>[a-z]{3,})")
FOR_MODEL = re.compile(r"model[-_. ]?licen[cs]e|licen[cs]e[-_. ]model\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The license to evaluate, the claims behind it, and what they disagree about."""

    licenses: tuple[str, ...]
    declared: str
    claims: tuple[Claim, ...]
    issues: tuple[Issue, ...]


def conclude(repository: Repository) -> Conclusion:
    """Weigh everything that was claimed about the model itself."""
    declared = declaring.declared(repository)
    told = repository.card.license_name or ", ".join(repository.card.license)
    claims = claimed.every(repository, declared)
    issues: list[Issue] = []
    texts_found = [f for f in repository.licenses if f.covers == "model" and f.identity.kind == "license"]
    main = _main([f for f in texts_found if not _of_a_parent(repository, f, declared)], declared)
    licenses = _evaluated(main, declared)
    issues += declaring.disagreements(repository)
    issues += _about_text(repository, main, declared)
    issues += _about_notices(repository, licenses)
    issues += _about_metadata(repository, licenses)
    strict = _stricter_from_metadata(repository, licenses)
    if not licenses:
        issues += _unresolved(repository, main, declared)
    return Conclusion(licenses=strict or licenses, declared=told, claims=claims, issues=tuple(issues))


def _of_a_parent(repository: Repository, file: LicenseFile, declared: expressions.Resolved) -> bool:
    """Whether a file beside a model made from others is named for its text, and that is not the declared one."""
    named = NAMED_FOR.match(file.name.lower())
    words = {one for one in file.identity.ids if named and one.startswith(named["word"])}
    return bool(repository.parents and declared.ids and words) and not words & set(declared.ids)


def _main(found: list[LicenseFile], declared: expressions.Resolved) -> LicenseFile | None:
    """The file that speaks for the model: one whose name says so, one that fits, else the first."""
    for_model = [f for f in found if FOR_MODEL.search(f.name)]
    exact = [f for f in found if set(f.identity.ids) & set(declared.ids) and f.identity.result == "exact"]
    known = [f for f in found if f.identity.result == "exact"]
    return next(iter([*for_model, *exact, *known, *found]), None)


def _evaluated(main: LicenseFile | None, declared: expressions.Resolved) -> tuple[str, ...]:
    """The ids to evaluate; empty while something is open."""
    identity = main.identity if main else None
    if identity is None or identity.result == "reference-only":
        return () if declared.issue else declared.ids
    if identity.result in ("exact", "exact+extra"):
        if _without_facts(identity):
            return ()
        held = tuple(one for one in identity.ids if not one.endswith(EXCEPTION))
        if len(declared.ids) > 1 and set(identity.ids) & set(declared.ids):
            return tuple(dict.fromkeys((*declared.ids, *held)))
        if not declared.ids or set(declared.ids) <= set(held):
            return held
        return (expressions.strictest((*held, *declared.ids)),)
    return ()


def _without_facts(identity: Identity) -> tuple[str, ...]:
    """The texts a file holds that no facts are known about; an exception only loosens the license before it."""
    known = facts.index()["licenses"]
    return tuple(one for one in identity.ids if one not in known and not one.endswith(EXCEPTION))


def _about_text(repository: Repository, main: LicenseFile | None, declared: expressions.Resolved) -> Iterator[Issue]:
    if main is None:
        return
    identity, labels = main.identity, (repository.name,)
    told = "; ".join(identity.differences[:4])
    another = not set(identity.ids) & set(declared.ids) or _stricter_beside(main, declared)
    if identity.result == "exact" and declared.ids and another:
        yield _mismatch(repository, main, declared)
    if identity.ids and _says_something_else(repository, declared, identity):
        yield Issue(
            id="license-declared-vs-file",
            level=Level.WARN,
            components=labels,
            why=f"{main.name} is {' and '.join(identity.ids)}, and of what the card declares {declared.issue}",
            fix="ask the publisher which holds, and declare the license by its id",
        )
    if identity.result == "exact+extra":
        yield Issue(
            id="license-unresolved-license",
            level=Level.UNRESOLVED if _adds_terms(identity.why) else Level.WARN,
            components=labels,
            why=f"{main.name} holds {identity.id} and more: {identity.why}",
            fix="read what stands around the known text",
        )
        if declared.ids and not set(identity.ids) & set(declared.ids):
            yield _mismatch(repository, main, declared)
    if identity.result == "modified" and identity.nearest in declared.ids:
        yield Issue(
            id="license-declared-vs-file",
            level=Level.WARN,
            components=labels,
            why=f"the card says {identity.nearest}, and {main.name} is a changed text: {told}",
            fix="read the differences; the license is not the declared one",
        )


def _says_something_else(repository: Repository, declared: expressions.Resolved, identity: Identity) -> bool:
    """Whether the card names a license that is not the text's: one nobody knows, or a family without it."""
    tags = [tag for tag in repository.card.license if tag.lower() not in claimed.NAMELESS] or [
        repository.card.license_name
    ]
    words = [facts.find_name(tag) for tag in tags if tag]
    open_ones = [word for word in words if not word.id and not set(word.candidates) & set(identity.ids)]
    return bool(declared.issue and open_ones)


def _stricter_beside(main: LicenseFile, declared: expressions.Resolved) -> bool:
    """Whether the file holds, beside the declared text, one that binds more."""
    beside = [one for one in main.identity.ids if one not in declared.ids and not one.endswith(EXCEPTION)]
    return any(declaring.strictness(one) > max(map(declaring.strictness, declared.ids)) for one in beside)


def _mismatch(repository: Repository, main: LicenseFile, declared: expressions.Resolved) -> Issue:
    looser = expressions.strictness(declared.ids[0]) <= max(map(declaring.strictness, main.identity.ids))
    return Issue(
        id="license-declared-vs-file",
        level=Level.FAIL if looser else Level.WARN,
        components=(repository.name,),
        why=f"the card declares {', '.join(declared.ids)}, and {main.name} is {' and '.join(main.identity.ids)}",
        fix="ask the publisher which holds; until then the stricter one is evaluated",
    )


def _adds_terms(why: str) -> bool:
    return any(word in material.LIMITS or word in material.AMOUNTS for word in why.partition(": ")[2].split())


def _about_notices(repository: Repository, licenses: tuple[str, ...]) -> Iterator[Issue]:
    """A Notice file with the words of another license than the model's and its parents'."""
    held = [notice.text for notice in repository.notices if notice.text]
    if not held or not licenses:
        return
    own = {facts.terms(license_id).says("notice_file", "text") for license_id in licenses} - {""}
    if not own or any(texts.contains(held, text) for text in own):
        return
    for terms in facts.every_terms():
        wanted = terms.says("notice_file", "text")
        if wanted and terms.id not in licenses and texts.contains(held, wanted):
            yield Issue(
                id="license-declared-vs-file",
                level=Level.FAIL,
                components=(repository.name,),
                why=f"the Notice speaks of {terms.name}, and the license is {', '.join(licenses)}",
                fix="replace the notice by the exact words of the license that holds",
                clause=terms.clause("notice_file"),
                verified=terms.verified,
            )
            return


def _about_metadata(repository: Repository, licenses: tuple[str, ...]) -> Iterator[Issue]:
    for one in metadata.licenses(repository.told):
        ids = claimed.in_metadata(repository, one)
        if not licenses or set(ids) & set(licenses) or (not ids and one.value.lower() in claimed.NAMELESS):
            continue
        stricter = bool(ids) and declaring.strictness(ids[0]) >= max(map(declaring.strictness, licenses))
        unknown = "" if ids else ", of which nothing is known"
        yield Issue(
            id="license-card-vs-metadata",
            level=Level.FAIL if stricter else Level.WARN,
            components=(repository.name,),
            why=f"{one.file} says {one.key} = {one.value!r}{unknown}, and the card or text says {', '.join(licenses)}",
            fix="ask the publisher which holds; until then the stricter one is evaluated",
        )


def _stricter_from_metadata(repository: Repository, licenses: tuple[str, ...]) -> tuple[str, ...]:
    for one in metadata.licenses(repository.told):
        found = facts.find_name(one.value)
        if found.id and licenses and declaring.strictness(found.id) > max(map(declaring.strictness, licenses)):
            return (found.id,)
    return ()


def _unresolved(repository: Repository, main: LicenseFile | None, declared: expressions.Resolved) -> Iterator[Issue]:
    card, identity = repository.card, main.identity if main else None
    fix = "ask the publisher for the license text; kit license identify compares it with the known ones"
    if card.problem:
        why = f"the card cannot be read: {card.problem}"
    elif main and identity and identity.result == "modified":
        told = "; ".join(identity.differences[:4])
        why = f"{main.name} is like {identity.nearest} and is not it: {told}"
        fix = "read the differences, and treat it as a license of its own"
    elif main and identity and identity.result == "unresolved":
        why = f"{main.name} is no known license: {identity.why}"
    elif main and identity and _without_facts(identity):
        why = f"{main.name} is the text {', '.join(_without_facts(identity))}, about which nothing is known here"
    elif card.prose:
        why = f"the card names a license in its prose only: {card.prose!r}"
        fix = "ask the publisher to declare it, and to ship its text"
    else:
        why = declared.issue or "nothing says what the license is"
        fix = declared.fix or fix
    yield Issue(
        id="license-unresolved-license", level=Level.UNRESOLVED, components=(repository.name,), why=why, fix=fix
    )
