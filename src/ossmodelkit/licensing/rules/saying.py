"""What a rule may say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ossmodelkit.core.license import Issue, Obligation, State
from ossmodelkit.licensing.case import Case, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A fact that is missing, asked so that a person can answer it."""

    text: str


Saying = Issue | Obligation | Question
Rule = Callable[[Case], Iterable[Saying]]


def owed(
    part: Part, check: str, text: str, state: State, *, fact: str = "", clause: str = "", evidence: str = ""
) -> Obligation:
    """A duty that a part brings along."""
    return Obligation(
        id=check,
        text=text,
        state=state,
        component=part.label,
        clause=clause or (part.terms.clause(fact) if fact else ""),
        evidence=evidence,
        verified=part.terms.verified,
    )
