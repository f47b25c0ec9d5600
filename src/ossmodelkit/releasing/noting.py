"""How a release item says something other than "no": missing, stale, or not asked here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ossmodelkit.core.finding import Hit, Place


class State(StrEnum):
    """The state of an item; later in this list outranks earlier."""

    PASS = "pass"  # noqa: S105
    NOT_APPLICABLE = "not-applicable"
    WAIVED = "waived"
    STALE = "stale"
    MISSING = "missing"
    FAIL = "fail"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for a pass."""
        return list(State).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Hit):
    """A hit that stands for another state than fail."""

    state: State


def missing(path: str, saw: str, remedy: str) -> Note:
    """There is no evidence, which is never a pass."""
    return Note(at=Place(path=path), saw=saw, remedy=remedy, state=State.MISSING)


def stale(path: str, saw: str, remedy: str) -> Note:
    """There was evidence, and its time is over."""
    return Note(at=Place(path=path), saw=saw, remedy=remedy, state=State.STALE)


def moot(path: str, saw: str) -> Note:
    """The question does not arise here, and why."""
    return Note(at=Place(path=path), saw=saw, remedy="", state=State.NOT_APPLICABLE)


def wrong(path: str, saw: str, remedy: str, *, line: int | None = None) -> Hit:
    """It was looked at, and it is not so."""
    return Hit(at=Place(path=path, line=line), saw=saw, remedy=remedy)
