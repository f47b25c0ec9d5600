"""From findings and gaps to one word: clean, suspicious, dangerous or incomplete."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from ossmodelkit.core.finding import Finding, Gap, Severity
from ossmodelkit.core.policy import Outcome


class Word(StrEnum):
    """What a scan says about a file, or about all of them."""

    CLEAN = "clean"
    INCOMPLETE = "incomplete"
    SUSPICIOUS = "suspicious"
    DANGEROUS = "dangerous"


OUTCOMES = {
    Word.CLEAN: Outcome.PASS,
    Word.INCOMPLETE: Outcome.INCOMPLETE,
    Word.SUSPICIOUS: Outcome.FAIL,
    Word.DANGEROUS: Outcome.FAIL,
}


def word_for(findings: Iterable[Finding], gaps: Iterable[Gap]) -> Word:
    """The worst of all; low and info are remarks and leave a model clean."""
    worst = max((finding.severity.rank for finding in findings), default=0)
    if worst >= Severity.HIGH.rank:
        return Word.DANGEROUS
    if worst == Severity.MEDIUM.rank:
        return Word.SUSPICIOUS
    return Word.INCOMPLETE if any(True for _ in gaps) else Word.CLEAN
