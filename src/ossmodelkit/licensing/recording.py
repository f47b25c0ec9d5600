"""A license audit as the plain details of its record; the keys are told in `core/license.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ossmodelkit.core.license import Decision, Issue, Obligation, Terms
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.auditing import SEVERITIES, Audit


def details(audit: Audit) -> dict[str, Any]:
    """What the record of an audit holds."""
    terms = _terms(audit)
    return {
        "concluded": audit.concluded,
        "declared": audit.conclusion.declared,
        "claims": [to_wire(claim) for claim in audit.conclusion.claims],
        "parents": [to_wire(one.parent) for one in audit.family],
        "dependencies": [{"role": "dependency", **to_wire(one)} for one in audit.dependencies],
        "verdict": audit.decision.verdict,
        "obligations": [obligation(duty) for duty in audit.decision.obligations],
        "questions": list(audit.decision.questions),
        "notice_strings": _sorted(one.says("notice_file", "text") for one in terms),
        "display_strings": _sorted(
            row["text"] for one in terms for row in one.rows("display") if not row.get("encouraged_only")
        ),
        "name_prefixes": _sorted(
            row["value"] for one in terms for row in one.rows("naming") if row["rule"] == "prefix"
        ),
        "texts_needed": _sorted(
            one.id for one in terms if one.says("include_license_text", "required") in ("yes", "link")
        ),
        "allowed_release_licenses": list(audit.decision.allowed_release_licenses),
        "conditional_release_licenses": list(audit.decision.conditional_release_licenses),
    }


def answer(decision: Decision) -> dict[str, Any]:
    """A decision as the JSON answer to a scenario."""
    return {
        "components": [{"name": name, "verdict": verdict} for name, verdict in decision.components.items()],
        "obligations": [obligation(duty) for duty in decision.obligations],
        "questions": list(decision.questions),
        "allowed_release_licenses": list(decision.allowed_release_licenses),
        "conditional_release_licenses": list(decision.conditional_release_licenses),
    }


def obligation(duty: Obligation) -> dict[str, Any]:
    """A duty as plain values."""
    return {
        "id": duty.id,
        "text": duty.text,
        "state": duty.state.value,
        "clause": duty.clause,
        "component": duty.component,
        "evidence": duty.evidence,
        "verified": duty.verified,
    }


def owed(duties: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str, str, str], ...]:
    """Recorded duties as rows: state, what, for which component, and the clause, or that nobody read it."""
    return tuple((one["state"], one["text"], one["component"], _clause(one)) for one in duties)


def _clause(duty: Mapping[str, Any]) -> str:
    return str(duty["clause"] if duty.get("verified", True) else f"{duty['clause']} (text not read by us)".strip())


def issue(one: Issue) -> dict[str, Any]:
    """An issue as plain values, under the keys of a scenario's answer."""
    return {
        "id": one.id,
        "check": one.id,
        "level": one.level.value,
        "severity": SEVERITIES[one.level].value,
        "components": list(one.components),
        "clause": one.clause,
        "verified": one.verified,
        "why": one.why,
        "fix": one.fix,
    }


def _terms(audit: Audit) -> tuple[Terms, ...]:
    """The licenses of the model and of the weights it came from."""
    ids = [*audit.conclusion.licenses]
    ids += [i for one in audit.family for i in one.licenses if one.parent.relation != "dataset"]
    return tuple(facts.terms(license_id) for license_id in dict.fromkeys(ids))


def _sorted(found: Iterable[Any]) -> list[str]:
    return sorted({str(one) for one in found if one})
