"""Questions about licenses themselves: what does one say, does it go with another, which one fits?"""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.licensing import comparing, explaining, facts
from ossmodelkit.licensing.situation import Profile
from ossmodelkit.workflow.license import DISCLAIMER


def explain(license_id: str) -> Report:
    """One license in plain words.

    Raises `UsageError` with the nearest id for a word that is not known.
    """
    found = facts.find(license_id)
    terms = facts.terms(found.id or found.nearest if found.id else license_id)
    return Report(
        command="license explain",
        subject=terms.id,
        verdict=terms.id,
        outcome=Outcome.PASS,
        summary=terms.name if terms.verified else f"{terms.name} (its text was not read)",
        tables=explaining.tables(terms),
        notes=(DISCLAIMER,),
        data={"id": terms.id, "name": terms.name, "verified": terms.verified, "facts": dict(terms.facts)},
    )


def listing() -> Report:
    """All licenses that facts are known about."""
    known = facts.index()["licenses"]
    rows = tuple(
        (i, known[i]["name"], known[i]["family"], "yes" if known[i]["verified"] else "no") for i in facts.ids()
    )
    return Report(
        command="license explain",
        subject="all licenses",
        verdict=f"{len(rows)} licenses",
        outcome=Outcome.PASS,
        summary="",
        tables=(Table(title="", columns=("id", "name", "family", "text read"), rows=rows),),
        data={"licenses": list(facts.ids())},
    )


def compat(words: tuple[str, ...]) -> Report:
    """Every pair of the licenses: may they become one work that is handed on?"""
    ids = tuple(_known(word) for word in words)
    pairs = [comparing.pair(one, other) for i, one in enumerate(ids) for other in ids[i + 1 :]]
    worst = (
        "no"
        if any(p.verdict == "no" for p in pairs)
        else "yes"
        if all(p.verdict == "yes" for p in pairs)
        else "depends"
    )
    return Report(
        command="license compat",
        subject=" + ".join(ids),
        verdict=worst,
        outcome={"yes": Outcome.PASS, "no": Outcome.FAIL}.get(worst, Outcome.INCOMPLETE),
        summary="as one work that is handed on: merged weights, or linked code",
        tables=(
            Table(
                title="",
                columns=("one", "other", "together", "why"),
                rows=tuple((p.one, p.other, p.verdict, p.why) for p in pairs),
            ),
        ),
        notes=(DISCLAIMER,),
        data={"pairs": [{"one": p.one, "other": p.other, "verdict": p.verdict, "why": p.why} for p in pairs]},
    )


def choose(profile: Profile, parents: tuple[str, ...]) -> Report:
    """Which release licenses fit given parents, or which base licenses fit the profile."""
    ids = tuple(_known(word) for word in parents)
    found = comparing.releases(ids, profile) if ids else comparing.bases(profile)
    title = "Release it under" if ids else "Bases whose license fits"
    fitting = tuple(choice for choice in found if choice.verdict != "fail")
    rows = tuple(_choices(fitting))
    return Report(
        command="license choose",
        subject=" + ".join(ids) or "a base",
        verdict=f"{len(fitting)} fit",
        outcome=Outcome.PASS if fitting else Outcome.FAIL,
        summary="for " + ", ".join(profile.use) + (", commercially" if profile.commercial else ", not commercially"),
        tables=(Table(title=title, columns=("license", "verdict", "what to know"), rows=rows),) if rows else (),
        notes=(*(comparing.against(ids, profile) if ids and not fitting else ()), DISCLAIMER),
        data={"choices": [{"id": c.id, "verdict": c.verdict, "reasons": list(c.reasons)} for c in found]},
    )


def _choices(found: tuple[comparing.Choice, ...]) -> Iterator[tuple[str, str, str]]:
    """A row for each license, and one for every further thing to know."""
    for choice in found:
        first, *more = choice.reasons or ("",)
        yield choice.id, choice.verdict, first
        yield from (("", "", reason) for reason in more)


def _known(word: str) -> str:
    found = facts.find(word)
    if found.candidates:
        raise UsageError(f"{word!r} stands for several licenses", hint="give one of " + ", ".join(found.candidates))
    return found.id or facts.terms(word).id
