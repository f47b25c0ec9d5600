"""The report as JUnit XML, for CI pages that show tests: a check is a test, and a gap is an error.

Source: the JUnit 10 schema of the Jenkins xUnit plugin, which GitLab and Azure read as well. A test case
carries at most one failure there, so the findings of a check stand together in its text.
"""

from __future__ import annotations

from collections import defaultdict
from xml.etree import ElementTree

from ossmodelkit.core.finding import Finding, Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report
from ossmodelkit.reporting.escaping import one_line

FAILS_FROM = Severity.MEDIUM
MOST_LINES = 200
LONGEST_TEXT = 1_000


def write(report: Report) -> str:
    """One suite: the verdict, every check that was asked or found something, and every gap."""
    suite = ElementTree.Element("testsuite", name=f"kit {report.command} {_text(report.subject)}", time="0")
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("verdict", report.verdict), ("outcome", report.outcome.value), ("summary", report.summary)):
        ElementTree.SubElement(properties, "property", name=name, value=_text(value))
    _verdict(suite, report)
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(report.findings, key=lambda finding: finding.order):
        found[finding.check].append(finding)
    for check in sorted({*report.asked, *found}):
        _check(suite, report.command, check, found[check])
    for gap in report.gaps:
        case = _case(suite, f"{report.command}.gaps", f"can be judged: {gap.at}")
        error = ElementTree.SubElement(case, "error", message=_text(gap.reason), type="gap")
        error.text = _text(gap.remedy) if gap.remedy else None
    return _document(suite)


def _verdict(suite: ElementTree.Element, report: Report) -> None:
    case = _case(suite, report.command, "verdict")
    message = _text(f"{report.verdict}: {report.summary}")
    if report.outcome is Outcome.FAIL:
        ElementTree.SubElement(case, "failure", message=message, type="verdict")
    elif report.outcome is Outcome.INCOMPLETE:
        ElementTree.SubElement(case, "error", message=message, type="verdict")


def _check(suite: ElementTree.Element, command: str, check: str, findings: list[Finding]) -> None:
    case = _case(suite, command, check)
    failing = [finding for finding in findings if finding.severity.rank >= FAILS_FROM.rank]
    if failing:
        worst = failing[0]
        more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
        message = _text(f"{worst.at}: {worst.title}") + more
        failure = ElementTree.SubElement(case, "failure", message=message, type=worst.severity.value)
        failure.text = _lines(failing)
    if remarks := findings[len(failing) :]:
        ElementTree.SubElement(case, "system-out").text = _lines(remarks)


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=f"kit.{group}", name=_text(name), time="0")


def _lines(findings: list[Finding]) -> str:
    lines = [
        " | ".join(filter(None, (one.severity.value, str(one.at), one.title, one.saw and f"saw {one.saw}", one.remedy)))
        for one in findings[:MOST_LINES]
    ]
    if len(findings) > MOST_LINES:
        lines.append(f"… and {len(findings) - MOST_LINES} more; see --format json")
    return "\n".join(_text(line) for line in lines)


def _document(suite: ElementTree.Element) -> str:
    counts = {
        "tests": str(len(suite.findall("testcase"))),
        "failures": str(len(suite.findall("testcase/failure"))),
        "errors": str(len(suite.findall("testcase/error"))),
    }
    suite.attrib.update(counts, skipped="0")
    root = ElementTree.Element("testsuites", {"name": "ossmodelkit", "time": "0", **counts})
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _text(text: str) -> str:
    return one_line(text, LONGEST_TEXT)
