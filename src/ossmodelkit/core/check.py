"""How a check is written, catalogued and run.

A check is a function over one view (`Pickle`, `Safetensors`, `Dossier`, …) that yields `Hit`s.
There is no registry: a catalog is a plain tuple of checks, written out where it is used.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Confidence, Finding, Gap, Hit, Place, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question to ask of one kind of view."""

    id: str
    reads: type
    severity: Severity
    confidence: Confidence
    title: str
    explanation: str
    ask: Callable[[Any], Iterable[Hit]]
    advisories: tuple[str, ...] = ()


def check(
    check_id: str,
    *,
    reads: type,
    severity: Severity,
    confidence: Confidence = Confidence.HIGH,
    advisories: tuple[str, ...] = (),
) -> Callable[[Callable[[Any], Iterable[Hit]]], Check]:
    """Turn a function into a `Check`; its docstring's first line is the message people see."""

    def wrap(ask: Callable[[Any], Iterable[Hit]]) -> Check:
        title, _, rest = inspect.cleandoc(ask.__doc__ or "").partition("\n")
        if not title:
            raise TypeError(f"check {check_id} has no docstring to show")
        return Check(
            id=check_id,
            reads=reads,
            severity=severity,
            confidence=confidence,
            title=title,
            explanation=rest.strip(),
            ask=ask,
            advisories=advisories,
        )

    return wrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a set of checks said about a set of views."""

    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    asked: tuple[str, ...] = ()


def ask_all(checks: Iterable[Check], views: Iterable[object], *, at: Place) -> Answers:
    """Ask every check about every view it reads.

    A check that crashes leaves a gap at `at`, never silence: its defect must not pass a model.
    """
    every = tuple(views)
    findings: list[Finding] = []
    gaps: list[Gap] = []
    asked: list[str] = []
    for one in checks:
        asked.append(one.id)
        try:
            for view in every:
                if isinstance(view, one.reads):
                    findings.extend(_signed(one, view))
        except Exception as error:
            gaps.append(Gap(at=at, reason=f"check {one.id} failed: {type(error).__name__}: {error}"[:300]))
    return Answers(findings=tuple(findings), gaps=tuple(gaps), asked=tuple(asked))


def _signed(one: Check, view: object) -> Iterator[Finding]:
    for hit in one.ask(view):
        yield Finding(
            check=one.id,
            severity=hit.severity or one.severity,
            confidence=hit.confidence or one.confidence,
            title=hit.why or one.title,
            at=hit.at,
            saw=hit.saw,
            remedy=hit.remedy,
        )
