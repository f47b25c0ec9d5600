"""Findings that say the same about many places are told once, with the places under it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ossmodelkit.core.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Findings that differ in nothing but where they stand and what was seen there; never empty."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The one that speaks for all."""
        return self.findings[0]


def alike(findings: Iterable[Finding]) -> tuple[Alike, ...]:
    """All findings, worst first, those together that say the same."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in sorted(findings, key=lambda finding: finding.order):
        same = (one.severity, one.check, one.title, one.confidence, one.clause, one.verified, one.remedy)
        groups.setdefault(same, []).append(one)
    return tuple(Alike(findings=tuple(group)) for group in groups.values())
