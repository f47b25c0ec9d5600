"""What a check saw, where, how bad it is and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much harm a finding stands for, from a remark to code execution."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for a remark, 4 for the worst."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure the check is that the finding is what it says."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a model: file, then the members inside it, then an offset in bytes or a line."""

    path: str
    members: tuple[str, ...] = ()
    offset: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        inner = " ▸ ".join((self.path, *self.members))
        if self.line is not None:
            return f"{inner}:{self.line}"
        return f"{inner} @ {self.offset}" if self.offset is not None else inner


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a check yields: the place, what was seen there, and the remedy.

    `why` replaces the check's first line where one sentence cannot fit every case; `severity` and
    `confidence` replace the check's own where what was seen makes the harm larger or smaller.
    """

    at: Place
    saw: str
    remedy: str
    why: str = ""
    severity: Severity | None = None
    confidence: Confidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hit, signed by the runner with the check's id, so no plugin speaks under another's name."""

    check: str
    severity: Severity
    title: str
    at: Place
    saw: str
    remedy: str
    confidence: Confidence = Confidence.HIGH
    clause: str = ""
    verified: bool | None = None

    @property
    def order(self) -> tuple[int, str, str, tuple[str, ...], int, int]:
        """Worst first, then by check and place: the order of every report."""
        at = self.at
        return (-self.severity.rank, self.check, at.path, at.members, at.line or 0, at.offset or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be judged, and why. A gap is never a pass."""

    at: Place
    reason: str
    remedy: str = ""
