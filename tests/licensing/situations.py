"""Short words for situations, so that a table of cases reads as a table."""

from __future__ import annotations

from typing import Any

from ossmodelkit.core.license import Decision
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.deciding import decide
from ossmodelkit.licensing.situation import Situation

Part = dict[str, Any]


def part(role: str, license_id: str | None, **more: Any) -> Part:
    """A component."""
    return {"role": role, "license": license_id, "name": more.pop("name", f"org/{license_id or 'x'}"), **more}


def base(license_id: str | None, **more: Any) -> Part:
    """A fine-tuned base that is shipped."""
    return part("base", license_id, modified=more.pop("modified", True), **more)


def copied(license_id: str, **more: Any) -> Part:
    """A base that is handed on as it is."""
    return part("base", license_id, modified=False, **more)


def outputs(license_id: str, purpose: str = "imitate-teacher", **more: Any) -> Part:
    """Synthetic data from a model under a license."""
    return part("synthetic-data", license_id, purpose=purpose, **more)


def release(license_id: str | None, name: str = "Foo-8B", **more: Any) -> dict[str, Any]:
    """A release plan."""
    return {"license": license_id, "name": name, **more}


def dutiful(license_id: str, name: str = "", **more: Any) -> dict[str, Any]:
    """A release plan under a license that does everything that license asks for; `name` replaces the fitting one."""
    terms = facts.terms(license_id)
    lines = [
        row["text"].split(" | ")[0].replace("[name of relevant Derivative Work]", "Foo-8B")
        for row in terms.rows("display")
    ]
    notice = terms.says("notice_file", "text")
    prefix = next((row["value"] for row in terms.rows("naming") if row["rule"] == "prefix"), "")
    plan = {
        "license": license_id,
        "name": name or f"{prefix.replace(' ', '-')}-Foo-8B".lstrip("-"),
        "files": ["LICENSE", "NOTICE", "README.md"],
        "notice_contains": [text for text in (notice, "Modified by us: fine-tuned.") if text],
        "readme_contains": lines,
        "ui_contains": lines,
    }
    return {**plan, **more}


def judge(*parts: Part, release: dict[str, Any] | None = None, **profile: Any) -> Decision:
    """What the engine says."""
    data = {"profile": profile, "components": list(parts), "release": release}
    return decide(from_wire(Situation, data, where="case"))


def ids(decision: Decision) -> set[str]:
    """The ids of all issues, without their common beginning."""
    return {issue.id.removeprefix("license-") for issue in decision.issues}
