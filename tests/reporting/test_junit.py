"""CI pages show a check as a test, a finding as its failure and a gap as an error."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.finding import Gap, Place, Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report
from ossmodelkit.reporting import junit
from ossmodelkit.reporting.formats import Format, render
from tests.reporting.reports import HOSTILE, PLAIN, SHELL


def suite(report: Report) -> ElementTree.Element:
    root = ElementTree.fromstring(render(report, Format.JUNIT))
    found = root.find("testsuite")
    assert found is not None
    for count in ("tests", "failures", "errors"):
        assert root.get(count) == found.get(count)
    return found


def cases(report: Report) -> dict[str, list[str]]:
    return {str(case.get("name")): [part.tag for part in case] for case in suite(report).iter("testcase")}


def test_every_check_that_was_asked_is_a_test() -> None:
    assert cases(PLAIN) == {
        "verdict": ["failure"],
        "license-display-missing": ["system-out"],
        "pickle-calls-code": [],
        "pickle-imports-shell": ["failure"],
        "can be judged: data.7z": ["error"],
    }


@pytest.mark.parametrize(
    ("severity", "tags"),
    [
        (Severity.INFO, ["system-out"]),
        (Severity.LOW, ["system-out"]),
        (Severity.MEDIUM, ["failure"]),
        (Severity.HIGH, ["failure"]),
        (Severity.CRITICAL, ["failure"]),
    ],
)
def test_a_finding_fails_from_medium_on(severity: Severity, tags: list[str]) -> None:
    report = replace(PLAIN, findings=(replace(SHELL, severity=severity),))
    assert cases(report)["pickle-imports-shell"] == tags


def test_the_findings_of_a_check_are_one_failure() -> None:
    many = tuple(replace(SHELL, at=Place(path=f"f{number}.bin")) for number in range(3))
    remark = replace(SHELL, severity=Severity.LOW)
    case = suite(replace(PLAIN, findings=(*many, remark))).find("testcase[@name='pickle-imports-shell']")
    assert case is not None
    assert [part.tag for part in case] == ["failure", "system-out"]
    assert str(case[0].get("message")).endswith("(and 2 more)")
    assert len(str(case[0].text).splitlines()) == 3


def test_a_failure_of_very_many_findings_stays_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "MOST_LINES", 2)
    many = tuple(replace(SHELL, at=Place(path=f"f{number}.bin")) for number in range(5))
    case = suite(replace(PLAIN, findings=many)).find("testcase[@name='pickle-imports-shell']/failure")
    assert case is not None
    assert str(case.text).splitlines()[-1] == "… and 3 more; see --format json"


@pytest.mark.parametrize(
    ("outcome", "tags"), [(Outcome.PASS, []), (Outcome.FAIL, ["failure"]), (Outcome.INCOMPLETE, ["error"])]
)
def test_the_verdict_is_a_test_of_its_own(outcome: Outcome, tags: list[str]) -> None:
    bare = Report(command="status", subject="s", verdict="v", outcome=outcome, summary="why")
    assert cases(bare) == {"verdict": tags}


def test_a_check_that_was_not_asked_by_name_is_shown_when_it_found_something() -> None:
    assert "pickle-imports-shell" in cases(replace(PLAIN, asked=()))


def test_counts_are_right() -> None:
    found = suite(replace(PLAIN, gaps=(*PLAIN.gaps, Gap(at=Place(path="b"), reason="why"))))
    assert (found.get("tests"), found.get("failures"), found.get("errors"), found.get("skipped")) == (
        "6",
        "2",
        "2",
        "0",
    )


@given(st.text(max_size=80))
def test_any_text_is_well_formed(text: str) -> None:
    finding = replace(SHELL, title=text, saw=text, remedy=text, at=Place(path=text))
    report = replace(HOSTILE, subject=text, summary=text, verdict=text, findings=(finding,))
    assert len(list(suite(report).iter("testcase"))) == 3
