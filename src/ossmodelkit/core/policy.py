"""What is demanded of a model, and whether what is known meets the demand.

Checks never see a policy, and a policy never edits evidence; the two meet in `judge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.finding import Finding, Severity

LONGEST_WAIVER_DAYS = 180
SHORTEST_REASON = 20


class Outcome(StrEnum):
    """The three answers; each has its own exit code."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A finding that a person accepts: which, where, who, why, and until when.

    `path` may hold shell wildcards; `sha256`, when given, ties the waiver to one payload.
    """

    check: str
    owner: str
    reason: str
    created: date
    expires: date
    path: str = "*"
    sha256: str = ""

    def __post_init__(self) -> None:
        if len(self.reason.strip()) < SHORTEST_REASON:
            raise ValueError(f"waiver for {self.check}: the reason needs {SHORTEST_REASON} characters or more")
        if not self.owner.strip():
            raise ValueError(f"waiver for {self.check}: an owner is missing")
        if self.expires <= self.created:
            raise ValueError(f"waiver for {self.check}: must expire after the day it was created, {self.created}")
        if self.expires - self.created > timedelta(days=LONGEST_WAIVER_DAYS):
            raise ValueError(f"waiver for {self.check}: must expire within {LONGEST_WAIVER_DAYS} days of its creation")

    def covers(self, finding: Finding, sha256: str, today: date) -> bool:
        """Whether this waiver speaks for `finding` about the payload `sha256`, today."""
        return (
            self.check == finding.check
            and fnmatchcase(finding.at.path, self.path)
            and self.sha256 in ("", sha256)
            and self.created <= today <= self.expires
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which records must exist, how old they may be, and from which severity on a finding refuses."""

    name: str = "default"
    require: tuple[Kind, ...] = ()
    refuse_at: Severity = Severity.MEDIUM
    max_age_days: Mapping[str, int] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer, with a sentence for everything that led to it."""

    outcome: Outcome
    refused: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    waived: tuple[tuple[Finding, Waiver], ...] = ()
    warnings: tuple[str, ...] = ()


def judge(policy: Policy, sha256: str, evidence: Iterable[Evidence], today: date) -> Verdict:
    """Apply `policy` to what is known about the payload `sha256`.

    Of several records of one kind the last one given counts. A refused finding outranks a missing
    record: waiting for more evidence cannot turn a no into a yes.
    """
    latest = {record.kind: record for record in evidence if record.subject.sha256 == sha256}
    refused, waived = _sort_findings(policy, sha256, latest.values(), today)
    missing = [*_missing(policy, latest, today)]
    for record in latest.values():
        missing += [f"{record.kind}: {gap.at}: {gap.reason}" for gap in record.gaps]
    used = {id(waiver) for _, waiver in waived}
    unused = [f"waiver for {w.check} ({w.path}) matched nothing" for w in policy.waivers if id(w) not in used]
    outcome = Outcome.FAIL if refused else Outcome.INCOMPLETE if missing else Outcome.PASS
    return Verdict(
        outcome=outcome,
        refused=tuple(sorted(refused, key=lambda f: f.order)),
        missing=tuple(missing),
        waived=tuple(waived),
        warnings=tuple(unused),
    )


def _sort_findings(
    policy: Policy, sha256: str, records: Iterable[Evidence], today: date
) -> tuple[list[Finding], list[tuple[Finding, Waiver]]]:
    refused: list[Finding] = []
    waived: list[tuple[Finding, Waiver]] = []
    for finding in (finding for record in records for finding in record.findings):
        if finding.severity.rank < policy.refuse_at.rank:
            continue
        waiver = next((w for w in policy.waivers if w.covers(finding, sha256, today)), None)
        if waiver:
            waived.append((finding, waiver))
        else:
            refused.append(finding)
    return refused, waived


def _missing(policy: Policy, latest: Mapping[Kind, Evidence], today: date) -> Iterable[str]:
    for kind in policy.require:
        record = latest.get(kind)
        if record is None:
            yield f"no {kind} record for these bytes"
            continue
        age = (today - record.created.date()).days
        allowed = policy.max_age_days.get(kind)
        if allowed is not None and age > allowed:
            yield f"the {kind} record is {age} days old; {allowed} are allowed"
        if age < 0:
            yield f"the {kind} record is dated in the future"
