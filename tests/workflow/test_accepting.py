"""A baseline knows findings by the bytes they were found in: only what is new fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.project.settings import find
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.scan import scan
from tests.making.pickle_attacks import ATTACKS

EVIL, OTHER = ATTACKS["gadget os:system"], ATTACKS["unknown class"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a.pkl").write_bytes(EVIL)
    (folder / "b.pkl").write_bytes(b"N.")
    return folder


def written(model: Path, file: Path) -> Report:
    return scan(str(model), write_baseline=file)


def test_what_is_known_no_longer_fails_and_what_is_new_does(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    made = written(model, file)
    assert (made.verdict, scan(str(model), baseline=file).outcome) == ("clean", Outcome.PASS)
    assert len(scan(str(model), baseline=file).data["waived"]) == len(json.loads(file.read_text())["findings"]) >= 1
    (model / "b.pkl").write_bytes(OTHER)
    later = scan(str(model), baseline=file)
    assert {one.at.path for one in later.findings} == {"b.pkl"}
    assert later.outcome is Outcome.FAIL


def test_a_changed_file_makes_its_entries_void(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    written(model, file)
    (model / "a.pkl").write_bytes(EVIL + b"\n")
    later = scan(str(model), baseline=file)
    assert {one.at.path for one in later.findings} == {"a.pkl"}
    assert any("a.pkl changed since" in note and "void" in note for note in later.notes)


def test_the_same_bytes_are_known_under_another_name(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    written(model, file)
    shutil.move(model / "a.pkl", model / "moved.pkl")
    assert scan(str(model), baseline=file).verdict == "clean"
    assert scan([str(model), str(model / "moved.pkl")], baseline=file).verdict == "clean"


def test_a_clean_file_that_turns_bad_under_a_known_name_is_seen(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    written(model, file)
    (model / "a.pkl").write_bytes(b"N.")
    (model / "b.pkl").write_bytes(ATTACKS["gadget subprocess:Popen"])
    assert {one.at.path for one in scan(str(model), baseline=file).findings} == {"b.pkl"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("{", "is no baseline", id="no JSON"),
        pytest.param("[]", "", id="a list"),
        pytest.param('{"schema": "urn:other:v9"}', "of this version", id="another schema"),
        pytest.param('{"schema": "urn:ossmodelkit:baseline:v1", "finding": []}', "findings", id="misspelt"),
    ],
)
def test_what_is_no_baseline_is_refused(model: Path, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(text)
    with pytest.raises(UsageError) as told:
        scan(str(model), baseline=file)
    assert says in told.value.message + told.value.hint


def test_settings_inside_of_what_is_scanned_are_not_heard(model: Path) -> None:
    (model / "kit.toml").write_text(
        '[[policy.waivers]]\ncheck = "*"\nowner = "the publisher"\nreason = "trust us, it is quite harmless"\n'
        "created = 2020-01-01\nexpires = 2020-06-01\n"
    )
    report = scan(str(model), desk=Desk(project=find(model)))
    assert report.outcome is Outcome.FAIL
    assert any("not heard" in note for note in report.notes)
