"""A folder is judged like the situation it is: what `decide` finds, the audit of the same thing laid down finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.situation import Profile
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.license import audited
from tests.licensing.situations import judge
from tests.licensing.test_cases import CASES, RELEASES, found, whole
from tests.making.license_folders import can_be_laid, lay
from tests.making.license_texts import apache, installed

TOPICS = ("territories", "names", "data", "files", "handing", "parents", "fitting")
# What the two see differently by their nature, and why.
APART = {
    "CC0 weights, changed and handed on as anything": "the folder says that the model is Llama's own",
    "Llama kept, relicensed under CC BY-NC": "the folder's own license lets nobody sell it",
    "Llama 3.2 as Llama 3.1": "the folder owes what its own license asks, beside its parent's",
    "MIT as Llama 3.1": "the same",
    "CC BY-SA merged with Llama": "the card's base models tell of a change",
    "release under an id nobody knows": "a text outranks a tag that nobody knows, which is told",
    "Apache with a usage policy upstream that is not shipped": "a copy names no parent that had one",
}


def rows() -> list[Any]:
    """The rows that can be laid down, each with its parts, plan and profile."""
    given = []
    for topic in TOPICS:
        for row in yaml.safe_load((CASES / f"{topic}.yaml").read_text(encoding="utf-8")):
            parts = list(map(whole, row["given"]["parts"]))
            plan = row["given"].get("release")
            if plan and "as" in plan:
                plan = {**RELEASES[plan["as"]], **{key: value for key, value in plan.items() if key != "as"}}
            profile = row["given"].get("profile", {})
            usable = can_be_laid(parts, plan, profile.get("use", ["redistribute-weights"]))
            if usable and row["case"] not in APART and not shares_its_name(parts):
                given.append(pytest.param(parts, plan, profile, id=row["case"]))
    return given


def shares_its_name(parts: list[dict[str, Any]]) -> bool:
    """Whether a license is an id here and a name of several texts on a card."""
    return any(not facts.find_name(part["license"]).id and facts.find(part["license"]).id for part in parts)


def text_of(license_id: str) -> str:
    """The license texts that are at hand in a test."""
    return {"apache-2.0": apache, "mit": lambda: installed("pluggy")}.get(license_id, str)()


def test_there_is_much_to_compare() -> None:
    assert len(rows()) >= 100


@pytest.mark.parametrize(("parts", "plan", "profile"), rows())
def test_a_folder_is_judged_like_its_situation(
    parts: list[dict[str, Any]], plan: dict[str, Any], profile: dict[str, Any], tmp_path: Path
) -> None:
    plan = dict(plan)
    folder = lay(tmp_path, parts, plan, text_of)
    described = judge(*parts, release=plan, **profile)
    audit = audited(open_source(str(folder)), Desk(), online=False, profile=from_wire(Profile, profile))
    ids = set(found(described))
    # What a card puts over its base is told of the release and of the declaration.
    ids |= {"declared-vs-base"} if "relicense" in ids and over_a_base(parts, plan) else set()
    ids |= {"declared-vs-file"} if "Notice speaks" in " ".join(issue.why for issue in audit.decision.issues) else set()
    assert set(found(audit.decision)) == ids
    assert audit.decision.verdict == described.verdict


def over_a_base(parts: list[dict[str, Any]], plan: dict[str, Any]) -> bool:
    """Whether the release's license is another than that of weights below it."""
    return any(part["role"] != "dataset" and part["license"] != plan["license"] for part in parts)
