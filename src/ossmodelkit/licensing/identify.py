"""Which license a text is: exactly one or several, some with more around them, a changed one, or nobody knows.

Likeness alone never decides. A text is `exact` only when its words match and none of the words in which
siblings differ is missing or added; otherwise it is `modified`, and the differences are told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ossmodelkit.licensing import around, fingerprints, wording
from ossmodelkit.licensing.fingerprints import Library
from ossmodelkit.licensing.stretches import Stretch, compare

SHORT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a text was recognised as.

    `result` is exact, exact+extra, modified, reference-only or unresolved. `id` is set for exact,
    exact+extra and reference-only, and is the first of the file; `also` holds the others that stand in it.
    `nearest` is set for modified. Only `exact` may satisfy a duty.
    """

    result: str
    id: str = ""
    nearest: str = ""
    score: float = 0.0
    differences: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    kind: str = "license"
    why: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Every license whose text the file holds."""
        return (self.id, *self.also) if self.id and self.result in ("exact", "exact+extra") else ()


def identify(text: str, *, library: Library | None = None) -> Identity:
    """What `text` is, by the shipped fingerprints or another library."""
    found = wording.words(text)
    compared = compare(found, library or fingerprints.library())
    if compared.held:
        return _held(compared.held, around.look(found, compared.held, compared.matched))
    return _changed(compared.nearest) or _reference(text) or _unreadable(text, found)


def _held(held: tuple[Stretch, ...], beside: around.Surroundings) -> Identity:
    ids = tuple(dict.fromkeys(one.known.id for one in held))
    whole = Identity(
        result="exact", id=ids[0], also=ids[1:], score=min(one.score for one in held), kind=held[0].known.kind
    )
    if beside.harmless:
        return whole
    why = f"{beside.words} more words stand around it: {' … '.join(beside.terms)}"
    return replace(whole, result="exact+extra", extra=beside.terms, why=why)


def _changed(nearest: Stretch | None) -> Identity | None:
    if nearest is None:
        return None
    told = nearest.differences or (f"{100 * (1 - nearest.score):.1f} % of the words differ",)
    return Identity(
        result="modified",
        nearest=nearest.known.id,
        score=nearest.score,
        differences=told[:12],
        kind=nearest.known.kind,
    )


def _reference(text: str) -> Identity | None:
    """A title or a link that names a license without its text."""
    from ossmodelkit.licensing import references

    named = references.first(text)
    if named is None:
        return None
    why = f"it names {named.words!r} and does not hold its text"
    return Identity(result="reference-only", id=named.license, why=why)


def _unreadable(text: str, found: list[str]) -> Identity:
    letters = sum(char.isalpha() for char in text[:20_000])
    foreign = sum(ord(char) > 0x2E7F for char in text[:20_000])
    if letters and foreign > letters // 3:
        why = (
            "most of it is in a script whose words are not compared: read it, and name the license with --license-text"
        )
    elif text.lstrip().startswith("%PDF"):
        why = "it is a PDF: save its text and give that with --license-text"
    else:
        why = "no known license is like it" if len(found) >= SHORT else "it is too short to be a license text"
    return Identity(result="unresolved", why=why)
