"""The statements that are still open become a file to fill in; filled in, they count, and empty they do not."""

from __future__ import annotations

from pathlib import Path

import yaml

from ossmodelkit.workflow.release import ask, check
from tests.making.releases import NOW, digest_of, options, project


def test_an_unanswered_file_states_nothing(tmp_path: Path) -> None:
    made = project(tmp_path)
    text = ask(options(tmp_path, profiles=("hosted-api",)), desk=made)
    (tmp_path / "attest.yaml").write_text(text)
    report = check(options(tmp_path, profiles=("hosted-api",)), desk=made)
    found = {item["id"]: item["state"] for item in report.data["items"]}
    assert {"DEP-003", "OPS-003", "OPS-004", "DEP-007"} <= set(yaml.safe_load(text))
    assert not {name for name in yaml.safe_load(text) if found[name] == "pass"}


def test_answers_count_once_a_person_stands_behind_them(tmp_path: Path) -> None:
    made = project(tmp_path)
    questions = yaml.safe_load(ask(options(tmp_path, profiles=("hosted-api",)), desk=made))
    assert questions["DEP-003"]["model_digest"] == digest_of(tmp_path / "tuned")
    assert questions["OPS-003"]["contact"] == "ada@example.org"
    assert questions["DEP-003"]["by"] == ""
    assert questions["DEP-003"]["expires"] > questions["DEP-003"]["date"] == NOW.date()
    questions["DEP-003"]["by"] = "Ada Example"
    (tmp_path / "attest.yaml").write_text(yaml.safe_dump(questions))
    report = check(options(tmp_path, profiles=("hosted-api",)), desk=made)
    found = {item["id"]: item["state"] for item in report.data["items"]}
    assert (found["DEP-003"], found["OPS-003"]) == ("pass", "fail")
    assert "DEP-003" not in yaml.safe_load(ask(options(tmp_path, profiles=("hosted-api",)), desk=made))


def test_the_decision_about_everything_comes_last_and_names_what_it_decides(tmp_path: Path) -> None:
    made = project(tmp_path)
    text = ask(options(tmp_path, profiles=("hosted-api",)), desk=made)
    questions = yaml.safe_load(text)
    assert list(questions)[-1] == "OPS-010"
    report = check(options(tmp_path, profiles=("hosted-api",)), desk=made)
    assert questions["OPS-010"]["checklist_sha256"] == report.data["checklist_sha256"]
    assert any("kit release ask" in step for step in report.next_steps)


def test_asking_again_adds_to_the_file_and_the_last_block_counts(tmp_path: Path) -> None:
    """`kit release ask MODEL >> attest.yaml`, filled in, and the same again for what is still open."""
    made, file, wanted = project(tmp_path), tmp_path / "attest.yaml", options(tmp_path, profiles=("hosted-api",))
    file.write_text(ask(wanted, desk=made))
    file.write_text(file.read_text().replace('by: ""', "by: Ada").replace('""', "as agreed in our runbook"))
    file.write_text(file.read_text() + ask(wanted, desk=made))
    digest = check(wanted, desk=made).data["checklist_sha256"]
    assert file.read_text().count("OPS-010:") == 2
    assert f'checklist_sha256: "{digest}"' in file.read_text()
    head, _, last = file.read_text().rpartition("OPS-010:")
    filled = last.replace('by: ""', "by: Ada").replace('""', "ship it")
    file.write_text(f"{head}OPS-010:{filled}")
    assert next(one for one in check(wanted, desk=made).data["items"] if one["id"] == "OPS-010")["state"] == "pass"
