"""The report as SARIF 2.1.0, for code-scanning dashboards.

Source: OASIS SARIF 2.1.0. Limits of the usual consumer (25,000 results, relative paths, a fingerprint
that survives moved lines) are kept. Gaps become notifications: a scan that saw less must say so.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from ossmodelkit import __version__
from ossmodelkit.core.finding import Finding, Gap, Place, Severity
from ossmodelkit.core.report import Report
from ossmodelkit.reporting.escaping import one_line

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    Severity.INFO: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
# What code-scanning dashboards sort by; the scale is CVSS's.
SECURITY_SEVERITY = {
    Severity.INFO: "0.0",
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}
MOST_RESULTS = 25_000
LONGEST_TEXT = 1_000


def write(report: Report) -> str:
    """One run with one rule per check that was asked or found something."""
    findings = sorted(report.findings, key=lambda finding: finding.order)[:MOST_RESULTS]
    rules = _rules(report.asked, findings)
    order = {rule["id"]: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "ossmodelkit", "version": __version__, "rules": rules}},
        "automationDetails": {"id": f"ossmodelkit/{report.command}/"},
        "invocations": [
            {
                "executionSuccessful": not report.gaps,
                "toolExecutionNotifications": [_notification(gap) for gap in report.gaps],
            }
        ],
        "results": [_result(finding, order[finding.check]) for finding in findings],
        "properties": {"verdict": report.verdict, "outcome": report.outcome.value, "subject": _text(report.subject)},
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rules(asked: tuple[str, ...], findings: list[Finding]) -> list[dict[str, Any]]:
    worst: dict[str, Finding] = {}
    for finding in findings:
        worst.setdefault(finding.check, finding)
    rules = []
    for check in sorted({*asked, *worst}):
        rule: dict[str, Any] = {"id": check}
        if found := worst.get(check):
            rule["shortDescription"] = {"text": _text(found.title)}
            rule["defaultConfiguration"] = {"level": LEVELS[found.severity]}
            rule["properties"] = {"security-severity": SECURITY_SEVERITY[found.severity], "tags": ["security"]}
        rules.append(rule)
    return rules


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    title = finding.title if finding.verified is not False else f"{finding.title} (license text not read by us)"
    message = f"{title} Saw: {finding.saw}. {finding.remedy}" if finding.saw else title
    identity = "\0".join((finding.check, finding.at.path, *finding.at.members, finding.saw))
    return {
        "ruleId": finding.check,
        "ruleIndex": rule_index,
        "level": LEVELS[finding.severity],
        "message": {"text": _text(message)},
        "locations": [_location(finding.at)],
        "partialFingerprints": {"finding/v1": hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:32]},
        "properties": {"severity": finding.severity.value, "confidence": finding.confidence.value},
    }


def _notification(gap: Gap) -> dict[str, Any]:
    text = f"{gap.at}: {gap.reason}"
    return {"level": "error", "message": {"text": _text(text)}, "locations": [_location(gap.at)]}


def _location(at: Place) -> dict[str, Any]:
    path = quote(at.path.encode("utf-8", "surrogateescape").lstrip(b"/") or b".", safe="/")
    physical: dict[str, Any] = {"artifactLocation": {"uri": path}}
    if at.line is not None:
        physical["region"] = {"startLine": max(1, at.line)}
    elif at.offset is not None and not at.members:
        physical["region"] = {"byteOffset": max(0, at.offset), "byteLength": 0}
    where: dict[str, Any] = {"physicalLocation": physical}
    if at.members:
        where["logicalLocations"] = [{"fullyQualifiedName": _text(str(at)), "kind": "member"}]
    return where


def _text(text: str) -> str:
    return one_line(text, LONGEST_TEXT) or "-"
