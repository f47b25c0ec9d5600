"""What a rule may say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ossmodelkit.core.license import Issue, Level, Obligation, State
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


def duty_of(
    case: Case,
    part: Part,
    check: str,
    *,
    duty: str,
    done: str,
    why: str,
    fix: str,
    fact: str = "",
    clause: str = "",
    verified: bool = True,
    without_release: bool = False,
) -> Iterator[Saying]:
    """The obligation, and an issue where a release plan shows that it is not met."""
    unseen = case.release is None or part.is_code  # a plan does not say what lies inside the code's own folder
    if done:
        yield owed(part, check, duty, State.MET, fact=fact, clause=clause, evidence=done)
    elif unseen and not without_release:
        yield owed(part, check, duty, State.MANUAL, fact=fact, clause=clause)
    else:
        yield owed(part, check, duty, State.UNMET, fact=fact, clause=clause)
        yield part.issue(check, Level.FAIL, why, fix, fact=fact, clause=clause, verified=verified)
