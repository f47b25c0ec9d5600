"""The license of the data that a model was trained on is judged with the model's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Kind, Subject
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow import data
from ossmodelkit.workflow.desk import Desk, desk_here
from ossmodelkit.workflow.license import license
from tests.making.feeds import chat, jsonl

CARD = "---\nlicense: {}\n---\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A project with a tuned model under Apache-2.0, and a data set."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kit.toml").write_text('[use]\nuse = ["redistribute-dataset"]\ncommercial = true\n')
    (tmp_path / ".kit" / "evidence").mkdir(parents=True)
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (tmp_path / "tuned" / "README.md").write_text(CARD.format("apache-2.0"))
    (tmp_path / "data.jsonl").write_bytes(jsonl([chat(f"question {n}", f"answer {n}") for n in range(4)]))
    return desk_here(tmp_path)


def trained(desk: Desk, *, stated: str = "") -> None:
    """Record that the model was trained on `data.jsonl`."""
    report = data.check(["data.jsonl"], desk=desk)
    sha256 = report.data["files"][0]["sha256"]
    facts: dict[str, Any] = {"sha256": sha256, **({"license": stated} if stated else {})}
    desk.write(Kind.FINETUNE, desk.subject(open_source("tuned")), Answers(), {"data": facts})


def family(desk: Desk) -> dict[str, str]:
    found = license("tuned", desk=desk)
    return {one["ref"]: one["license"] for one in found.data["parents"]}


def test_the_card_beside_the_data_is_heard(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(CARD.format("cc-by-nc-4.0"))
    trained(desk)
    assert family(desk) == {"data.jsonl": "cc-by-nc-4.0"}
    found = license("tuned", desk=desk)
    assert "license-nc-commercial" in {one.check for one in found.findings}


def test_the_plan_is_heard(desk: Desk) -> None:
    trained(desk, stated="cc-by-4.0")
    assert family(desk) == {"data.jsonl": "cc-by-4.0"}


def test_data_of_another_model_is_not_held_against_this_one(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(CARD.format("cc-by-nc-4.0"))
    trained(desk)
    (tmp_path / "tuned" / "config.json").write_text("{}")
    assert family(desk) == {}


def test_data_of_an_unknown_license_is_left_to_the_checklist(desk: Desk) -> None:
    trained(desk)
    assert family(desk) == {}


def test_a_license_that_nobody_knows_stays_open(desk: Desk) -> None:
    trained(desk, stated="our-own-terms")
    assert family(desk) == {"data.jsonl": "our-own-terms"}
    assert "ok" not in license("tuned", desk=desk).verdict


def test_a_record_without_data_says_nothing(desk: Desk) -> None:
    desk.write(Kind.FINETUNE, Subject(name="tuned", sha256="0" * 64), Answers(), {})
    assert family(desk) == {}
