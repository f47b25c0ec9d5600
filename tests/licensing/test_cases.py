"""Situations and what a reviewer says about them, written from the license facts and not from the engine.

Rows lie in `cases/`: what is given, and then the verdict, the ids that are found (all of them, or with `must`
at least these; notes apart), the clause of the first, questions, and release licenses. A part that is only a
license is a changed base.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ossmodelkit.core.license import Decision, Level, State
from ossmodelkit.licensing import facts
from tests.licensing.situations import Part, judge

CASES = Path(__file__).parent / "cases"
RELEASES = yaml.safe_load((CASES / "releases.yaml").read_text(encoding="utf-8"))
EVERY = yaml.safe_load((CASES / "every.yaml").read_text(encoding="utf-8"))
TOPICS = (
    "thresholds", "territories", "names", "uses", "outputs", "data", "fitting", "code", "bounds", "marks", "teachers",
    "handing", "fields", "files", "parents",
)  # fmt: skip
USES = ("redistribute-weights", "saas", "internal", "research")


def rows() -> list[Any]:
    """All rows, each with its case as id."""
    found = []
    for topic in TOPICS:
        table = yaml.safe_load((CASES / f"{topic}.yaml").read_text(encoding="utf-8"))
        found += [pytest.param(row["given"], row["then"], id=row["case"]) for row in table]
    return found


def decided(given: dict[str, Any]) -> Decision:
    """What the engine says about a row."""
    plan = given.get("release")
    if plan and "as" in plan:
        plan = {**RELEASES[plan["as"]], **{key: value for key, value in plan.items() if key != "as"}}
    return judge(*map(whole, given["parts"]), release=plan, **given.get("profile", {}))


def whole(given: str | Part) -> Part:
    """A part with what a row leaves out."""
    told: Part = {"license": given} if isinstance(given, str) else given
    usual: Part = {"role": "base", "name": "org/base", "modified": True} if "role" not in told else {}
    return {**usual, **told}


def found(decision: Decision, *, notes: bool = False) -> list[str]:
    """The ids of what was found, sorted: the notes, or everything else."""
    issues = (issue for issue in decision.issues if (issue.level is Level.NOTE) is notes)
    return sorted({issue.id.removeprefix("license-") for issue in issues})


@pytest.mark.parametrize(("given", "then"), rows())
def test_a_reviewer_agrees(given: dict[str, Any], then: dict[str, Any]) -> None:
    decision = decided(given)
    ids = found(decision)
    assert decision.verdict == then["verdict"]
    if "must" in then:
        assert set(then["must"]) <= set(ids)
    else:
        assert ids == sorted(then.get("finds", []))
    assert set(then.get("notes", [])) <= set(found(decision, notes=True))
    first = f"license-{[*then.get('finds', then.get('must', [])), ''][0]}"
    about = [issue for issue in decision.issues if issue.id == first]
    assert "clause" not in then or any(then["clause"] in issue.clause for issue in about)
    assert "verified" not in then or all(issue.verified is then["verified"] for issue in about)
    assert "asks" not in then or any(then["asks"] in question for question in decision.questions)
    if "unmet" in then:
        assert [duty.id for duty in decision.obligations if duty.state is State.UNMET] == then["unmet"]
    agree_on_releases(decision, then)


def agree_on_releases(decision: Decision, then: dict[str, Any]) -> None:
    """Compare what the work may be released under; an empty list means nothing at all."""
    allowed, attached = decision.allowed_release_licenses, decision.conditional_release_licenses
    assert set(then.get("allowed", ())) <= set(allowed)
    assert then.get("allowed") != [] or not allowed
    assert set(then.get("attached", ())) <= set(attached)
    assert then.get("attached") != [] or not attached
    assert not set(then.get("refused", ())) & set(allowed)


def members(group: dict[str, Any]) -> list[str]:
    """The licenses of a group, whose list may be a list of lines."""
    return [one for line in group["ids"] for one in ([line] if isinstance(line, str) else line)]


@pytest.mark.parametrize("group", EVERY, ids=lambda group: group["why"])
def test_every_license_answers_for_every_use(group: dict[str, Any]) -> None:
    for license_id in members(group):
        for use in USES:
            part: Part = {"role": "base", "license": license_id, "modified": False}
            decision = judge(part, use=[use], commercial=use != "research")
            assert (use, license_id, " ".join((decision.verdict, *found(decision)))) == (use, license_id, group[use])


def test_no_license_is_forgotten() -> None:
    assert sorted(one for group in EVERY for one in members(group)) == list(facts.ids())
