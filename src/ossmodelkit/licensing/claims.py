"""From what a repository says to one concluded license, and an issue for every disagreement.

Precedence: the text in the repository, then a license link into it, then the license name, then the
tag. Where two disagree the stricter one is evaluated, and the disagreement is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.license import Claim, Issue, Level
from ossmodelkit.licensing import expressions, facts, material, metadata
from ossmodelkit.licensing.identify import Identity
from ossmodelkit.licensing.repository import LicenseFile, Repository
from ossmodelkit.licensing.rules import texts

NAMELESS = frozenset({"other", "unknown"})
EXCEPTION = "-exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The license to evaluate, the claims behind it, and what they disagree about."""

    licenses: tuple[str, ...]
    declared: str
    claims: tuple[Claim, ...]
    issues: tuple[Issue, ...]


def conclude(repository: Repository) -> Conclusion:
    """Weigh everything that was claimed about the model itself."""
    declared = _declared(repository)
    told = repository.card.license_name or ", ".join(repository.card.license)
    claims = [*_file_claims(repository), *_card_claims(repository, declared), *_metadata_claims(repository)]
    issues: list[Issue] = []
    texts_found = [f for f in repository.licenses if f.covers == "model" and f.identity.kind == "license"]
    main = _main(texts_found, declared)
    licenses = _evaluated(main, declared)
    issues += _about_text(repository, main, declared)
    issues += _about_notices(repository, licenses)
    issues += _about_metadata(repository, licenses)
    strict = _stricter_from_metadata(repository, licenses)
    if not licenses:
        issues += _unresolved(repository, main, declared)
    return Conclusion(
        licenses=strict or licenses, declared=told, claims=tuple(dict.fromkeys(claims)), issues=tuple(issues)
    )


def _declared(repository: Repository) -> expressions.Resolved:
    """The card's license as ids: the name where the tag is `other`, and never a guess."""
    card = repository.card
    tags = tuple(tag for tag in card.license if tag.lower() not in NAMELESS)
    if not tags:
        if not card.license_name:
            return expressions.resolve(card.license)
        tags = (card.license_name,)
    ids: list[str] = []
    issues: list[expressions.Resolved] = []
    for tag in tags:
        found = facts.find_name(tag)
        one = expressions.Resolved(ids=(found.id,)) if found.id else expressions.resolve_word(tag)
        if found.candidates or not one.ids:
            one = expressions.resolve(tag) if not found.candidates else _open(tag, found.candidates)
        ids += one.ids
        issues += [one] if one.issue else []
    ids = _with_addendum(ids, card.license_name)
    first = issues[0] if issues else expressions.Resolved()
    return expressions.Resolved(ids=tuple(dict.fromkeys(ids)), issue=first.issue, fix=first.fix)


def _with_addendum(ids: list[str], name: str) -> list[str]:
    """A name beside a standard tag may be a text of its own that begins with the standard one."""
    named = facts.find_name(name).id if name else ""
    return [named] if named and named not in ids and facts.terms(named).says("ids", "hf") in ids else ids


def _open(tag: str, candidates: tuple[str, ...]) -> expressions.Resolved:
    listed = ", ".join(candidates)
    return expressions.Resolved(
        issue=f"{tag!r} does not say which license is meant: it may be {listed}",
        fix="read the LICENSE file and name the exact one",
    )


def _main(found: list[LicenseFile], declared: expressions.Resolved) -> LicenseFile | None:
    """The file that speaks for the model: one whose name says so, one that fits, else the first."""
    for_model = [f for f in found if "model" in f.name.lower()]
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


def _stricter_beside(main: LicenseFile, declared: expressions.Resolved) -> bool:
    """Whether the file holds, beside the declared text, one that binds more."""
    beside = [one for one in main.identity.ids if one not in declared.ids and not one.endswith(EXCEPTION)]
    return any(_strictness(one) > max(map(_strictness, declared.ids)) for one in beside)


def _mismatch(repository: Repository, main: LicenseFile, declared: expressions.Resolved) -> Issue:
    looser = expressions.strictness(declared.ids[0]) <= max(map(_strictness, main.identity.ids))
    return Issue(
        id="license-declared-vs-file",
        level=Level.FAIL if looser else Level.WARN,
        components=(repository.name,),
        why=f"the card declares {', '.join(declared.ids)}, and {main.name} is {' and '.join(main.identity.ids)}",
        fix="ask the publisher which holds; until then the stricter one is evaluated",
    )


def _strictness(license_id: str) -> int:
    known = license_id in facts.index()["licenses"]
    return expressions.strictness(license_id) if known else len(expressions.LENIENT_FIRST)


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
        ids = _metadata_ids(repository, one)
        if not ids or not licenses or set(ids) & set(licenses):
            continue
        stricter = _strictness(ids[0]) >= max(map(_strictness, licenses))
        yield Issue(
            id="license-card-vs-metadata",
            level=Level.FAIL if stricter else Level.WARN,
            components=(repository.name,),
            why=f"{one.file} says {one.key} = {one.value!r}, and the card or text says {', '.join(licenses)}",
            fix="ask the publisher which holds; until then the stricter one is evaluated",
        )


def _metadata_ids(repository: Repository, one: metadata.Told) -> tuple[str, ...]:
    word = one.value
    if word.lower() in NAMELESS:
        word = next((t.value for t in repository.told if t.key in metadata.LINKED_KEYS and t.file == one.file), word)
    found = facts.find_name(word)
    return (found.id,) if found.id else found.candidates or expressions.resolve(word).ids


def _stricter_from_metadata(repository: Repository, licenses: tuple[str, ...]) -> tuple[str, ...]:
    for one in metadata.licenses(repository.told):
        found = facts.find_name(one.value)
        if found.id and licenses and _strictness(found.id) > max(map(_strictness, licenses)):
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


def _file_claims(repository: Repository) -> Iterator[Claim]:
    for file in repository.licenses:
        identity = file.identity
        yield Claim(
            declared_in=file.name,
            said=identity.id or identity.nearest,
            how=identity.result,
            license=identity.id if identity.result == "exact" else "",
            covers=file.covers,
            note="; ".join(identity.differences[:4]) or identity.why,
        )


def _card_claims(repository: Repository, declared: expressions.Resolved) -> Iterator[Claim]:
    card = repository.card
    if card.license or card.license_name:
        said = " ".join((*card.license, *filter(None, [card.license_name])))
        yield Claim(
            declared_in=repository.card_name,
            said=said,
            how="unresolved" if declared.issue else "declared",
            license=declared.ids[0] if len(declared.ids) == 1 else "",
            note=declared.issue,
        )
    for name, expression in repository.headers:
        found = expressions.resolve(expression)
        yield Claim(declared_in=name, said=expression, how="declared", license="".join(found.ids[:1]), covers="code")


def _metadata_claims(repository: Repository) -> Iterator[Claim]:
    for one in metadata.licenses(repository.told):
        ids = _metadata_ids(repository, one)
        how = "declared" if len(ids) == 1 else "unresolved"
        yield Claim(declared_in=one.file, said=one.value, how=how, license="".join(ids[:1]) if len(ids) == 1 else "")
