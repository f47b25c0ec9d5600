"""Silence proves nothing, a waiver is narrow, and one more finding never helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.evidence import Evidence, Kind, Subject
from ossmodelkit.core.finding import Finding, Gap, Place, Severity
from ossmodelkit.core.policy import Outcome, Policy, Waiver, judge

TODAY = date(2026, 11, 21)
SHA = "a" * 64
RANKS = {Outcome.PASS: 0, Outcome.INCOMPLETE: 1, Outcome.FAIL: 2}


def finding(severity: Severity = Severity.HIGH, check: str = "some-check", path: str = "a.bin") -> Finding:
    return Finding(check=check, severity=severity, title="t", at=Place(path=path), saw="s", remedy="r")


def record(kind: Kind = Kind.SCAN, *findings: Finding, gaps: tuple[Gap, ...] = (), age: int = 0) -> Evidence:
    made = datetime(2026, 11, 21, tzinfo=UTC) - timedelta(days=age)
    subject = Subject(name="m", sha256=SHA)
    return Evidence(kind=kind, subject=subject, created=made, tool="t", findings=findings, gaps=gaps)


def waiver(**changes: object) -> Waiver:
    fields = {
        "check": "some-check",
        "owner": "ada@example.org",
        "reason": "reviewed by hand, our own file",
        "created": date(2026, 11, 1),
        "expires": date(2026, 12, 1),
    }
    return Waiver(**(fields | changes))  # type: ignore[arg-type]


def test_a_required_record_that_is_absent_is_incomplete() -> None:
    verdict = judge(Policy(require=(Kind.SCAN, Kind.LICENSE)), SHA, [record()], TODAY)
    assert verdict.outcome is Outcome.INCOMPLETE
    assert verdict.missing == ("no license record for these bytes",)


def test_evidence_about_other_bytes_is_silent() -> None:
    assert judge(Policy(require=(Kind.SCAN,)), "b" * 64, [record()], TODAY).outcome is Outcome.INCOMPLETE


def test_a_stale_record_does_not_count() -> None:
    policy = Policy(require=(Kind.SCAN,), max_age_days={"scan": 30})
    assert judge(policy, SHA, [record(age=30)], TODAY).outcome is Outcome.PASS
    assert judge(policy, SHA, [record(age=31)], TODAY).outcome is Outcome.INCOMPLETE


def test_a_record_from_the_future_does_not_count() -> None:
    assert judge(Policy(require=(Kind.SCAN,)), SHA, [record(age=-2)], TODAY).outcome is Outcome.INCOMPLETE


def test_a_gap_is_never_a_pass() -> None:
    known = [record(gaps=(Gap(at=Place(path="x.7z"), reason="no reader"),))]
    assert judge(Policy(), SHA, known, TODAY).outcome is Outcome.INCOMPLETE


def test_a_refused_finding_outranks_a_missing_record() -> None:
    assert judge(Policy(require=(Kind.LICENSE,)), SHA, [record(Kind.SCAN, finding())], TODAY).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [(Severity.LOW, Outcome.PASS), (Severity.MEDIUM, Outcome.FAIL), (Severity.CRITICAL, Outcome.FAIL)],
)
def test_the_policy_says_from_which_severity_a_finding_refuses(severity: Severity, outcome: Outcome) -> None:
    assert judge(Policy(), SHA, [record(Kind.SCAN, finding(severity))], TODAY).outcome is outcome


def test_a_waiver_lets_its_finding_pass_and_is_reported() -> None:
    verdict = judge(Policy(waivers=(waiver(),)), SHA, [record(Kind.SCAN, finding())], TODAY)
    assert verdict.outcome is Outcome.PASS
    assert [pair[0].check for pair in verdict.waived] == ["some-check"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"check": "other-check"}, id="another check"),
        pytest.param({"path": "b.*"}, id="another file"),
        pytest.param({"sha256": "b" * 64}, id="another payload"),
        pytest.param({"expires": date(2026, 11, 20)}, id="expired yesterday"),
        pytest.param({"created": date(2026, 11, 22)}, id="not begun"),
    ],
)
def test_a_waiver_covers_nothing_else(changes: dict[str, object]) -> None:
    verdict = judge(Policy(waivers=(waiver(**changes),)), SHA, [record(Kind.SCAN, finding())], TODAY)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.warnings


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"reason": "because"}, "reason", id="reason too short"),
        pytest.param({"owner": " "}, "owner", id="nobody owns it"),
        pytest.param({"expires": date(2027, 6, 1)}, "within 180 days", id="longer than 180 days"),
        pytest.param({"expires": date(2026, 11, 1)}, "after the day", id="ends as it begins"),
    ],
)
def test_a_careless_waiver_is_refused(changes: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=f"waiver for some-check: .*{named}"):
        waiver(**changes)


findings = st.builds(finding, st.sampled_from(Severity), st.sampled_from(["some-check", "b"]), st.sampled_from("ab"))
records = st.lists(
    st.builds(lambda kind, found: record(kind, *found), st.sampled_from(Kind), st.lists(findings, max_size=3)),
    max_size=4,
)


@given(records, st.integers(0, 3), findings)
def test_one_more_finding_never_helps(known: list[Evidence], which: int, extra: Finding) -> None:
    policy = Policy(require=(Kind.SCAN,), waivers=(waiver(),))
    before = judge(policy, SHA, known, TODAY).outcome
    if known:
        which %= len(known)
        known[which] = replace(known[which], findings=(*known[which].findings, extra))
    assert RANKS[judge(policy, SHA, known, TODAY).outcome] >= RANKS[before]
