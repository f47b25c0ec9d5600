"""May we use this model, and what do we owe? The license record of a source, and its report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.core.source import Source
from ossmodelkit.licensing import auditing, recording, repository
from ossmodelkit.licensing.deciding import IDS
from ossmodelkit.licensing.dependencies import Installed
from ossmodelkit.licensing.situation import Profile
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.license_family import resolver
from ossmodelkit.workflow.license_profile import of_settings
from ossmodelkit.workflow.license_training import trained_on

DISCLAIMER = "Not legal advice: license facts as read from the texts; see docs/licenses.md for what was read."
MOST_NAMES = 30
OUTCOMES = {"fail": Outcome.FAIL, "unresolved": Outcome.INCOMPLETE}
SUMMARIES = {
    "ok": "nothing stands against this use",
    "ok-with-obligations": "this use is allowed, and something is owed for it",
    "warn": "nothing forbids this use; read the warnings",
    "unresolved": "a license is not known well enough to say yes",
    "fail": "this use is not allowed, or a duty is not met",
}


def gather(source: Source, desk: Desk, *, online: bool = False, profile: Profile | None = None) -> Evidence:
    """Audit a source's licenses by the project's use profile, and record it."""
    return _record(source, desk, audited(source, desk, online=online, profile=profile))


def license(
    ref: str,
    *,
    desk: Desk,
    online: bool = False,
    profile: Profile | None = None,
    license_text: str = "",
) -> Report:
    """Audit the licenses of the model at `ref`: the report of `kit license audit`.

    Raises `SourceError` when there is no model.
    """
    source = open_source(ref, online=online)
    audit = audited(source, desk, online=online, profile=profile, license_text=license_text)
    if desk.project:  # without a ledger nobody needs the digest of every weight
        _record(source, desk, audit)
    answers, details = _answers(audit), recording.details(audit)
    verdict = audit.decision.verdict
    return Report(
        command="license audit",
        subject=ref,
        verdict=verdict,
        outcome=OUTCOMES.get(verdict, Outcome.PASS),
        summary=SUMMARIES[verdict],
        findings=answers.findings,
        gaps=answers.gaps,
        asked=answers.asked,
        tables=tables(details),
        notes=(*_notes(details), DISCLAIMER),
        next_steps=("kit license notice MODEL   writes what has to travel",)
        if verdict == "ok-with-obligations"
        else (),
        data={**details, "findings": findings(audit)},
    )


def audited(
    source: Source, desk: Desk, *, online: bool, profile: Profile | None = None, license_text: str = ""
) -> auditing.Audit:
    """Read and judge a source, without recording anything."""
    read = repository.read(source, license_text=license_text)
    read = replace(read, parents=(*read.parents, *trained_on(source, desk)))
    name = Path(source.ref).name or source.ref
    records = [r for r in desk.evidence() if r.kind is Kind.LICENSE and r.subject.name == name]
    return auditing.audit(
        read,
        profile or of_settings(desk.settings.use),
        resolver(source, desk, online=online),
        name=desk.settings.release.name,
        earlier=str(records[-1].details.get("concluded", "")) if records else "",
        look_up=_installed,
    )


def _installed(name: str) -> Installed | None:
    from ossmodelkit.licensing.installed import look_up

    return look_up(name)


def _record(source: Source, desk: Desk, audit: auditing.Audit) -> Evidence:
    return desk.write(Kind.LICENSE, desk.subject(source), _answers(audit), recording.details(audit))


def _answers(audit: auditing.Audit) -> Answers:
    return Answers(findings=auditing.findings(audit), gaps=auditing.gaps(audit), asked=IDS)


def findings(audit: auditing.Audit) -> list[dict[str, Any]]:
    """The findings in the words of a scenario's answer, so that both read the same."""
    return [recording.issue(issue) for issue in audit.decision.issues]


def _notes(details: Any) -> Iterator[str]:
    yield from (f"to answer: {question}" for question in details["questions"])
    open_ones = [one["name"] for one in details["dependencies"] if not one["license"]]
    if open_ones:
        more = f" and {len(open_ones) - MOST_NAMES} more" if len(open_ones) > MOST_NAMES else ""
        listed = ", ".join(open_ones[:MOST_NAMES])
        yield f"packages whose license is not resolved (none installed here names it): {listed}{more}"


def tables(details: Any) -> tuple[Table, ...]:
    """What a person looks at first: the license, where it is claimed, the family, and what is owed."""
    facts = Table(
        title="",
        columns=("", ""),
        rows=(
            ("license", details["concluded"] or "unresolved"),
            ("declared", details["declared"] or "nothing"),
            ("may be released under", ", ".join(details["allowed_release_licenses"]) or "nothing known"),
        ),
    )
    claims = tuple((c["declared_in"], c["said"], c["how"], c["note"][:80]) for c in details["claims"])
    family = tuple(
        (p["ref"], p["relation"], p["license"] or "unresolved", p["declared_in"]) for p in details["parents"]
    )
    needs = [one for one in details["dependencies"] if one["license"]]
    packages = tuple((one["name"], one["license"], one["version"], one["declared_in"]) for one in needs[:MOST_NAMES])
    made = (
        Table(title="Who says so", columns=("where", "says", "how", ""), rows=claims),
        Table(title="Family", columns=("model", "as", "license", "named in"), rows=family),
        Table(title="Its code needs", columns=("package", "license", "as installed", "named in"), rows=packages),
        Table(title="You owe", columns=("state", "what", "for", "clause"), rows=recording.owed(details["obligations"])),
    )
    return (facts, *(table for table in made if table.rows))
