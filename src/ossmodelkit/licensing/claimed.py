"""Every place in a repository that claims a license: files, the card, headers of scripts, weight metadata."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.license import Claim
from ossmodelkit.licensing import expressions, facts, metadata
from ossmodelkit.licensing.repository import Repository

# Tags that name no license; what they mean is said elsewhere.
NAMELESS = frozenset({"other", "unknown"})


def every(repository: Repository, declared: expressions.Resolved) -> tuple[Claim, ...]:
    """All claims, each once; `declared` is what the card came to."""
    claims = (*_file_claims(repository), *_card_claims(repository, declared), *_metadata_claims(repository))
    return tuple(dict.fromkeys(claims))


def in_metadata(repository: Repository, one: metadata.Told) -> tuple[str, ...]:
    """The ids that a word in weight metadata may stand for; `other` is looked up by the link beside it."""
    word = one.value
    if word.lower() in NAMELESS:
        word = next((t.value for t in repository.told if t.key in metadata.LINKED_KEYS and t.file == one.file), word)
    found = facts.find_name(word)
    return (found.id,) if found.id else found.candidates or expressions.resolve(word).ids


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
        ids = in_metadata(repository, one)
        how = "declared" if len(ids) == 1 else "unresolved"
        yield Claim(declared_in=one.file, said=one.value, how=how, license="".join(ids[:1]) if len(ids) == 1 else "")
