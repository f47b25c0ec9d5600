"""One verdict out of license and scan, kept as evidence about these bytes."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.policy import Outcome, Policy, Waiver
from ossmodelkit.project import settings
from ossmodelkit.workflow.audit import audit
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.status import status


class Shell:
    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("echo never",)


@pytest.fixture
def model(project: Path) -> Path:
    """A model that nothing stands against."""
    folder = project / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n")
    return folder


@pytest.fixture
def poisoned(model: Path) -> Path:
    (model / "optimizer.pkl").write_bytes(pickle.dumps(Shell()))
    return model


def test_a_clean_model_passes_and_both_halves_are_recorded(model: Path, desk: Desk) -> None:
    report = audit(str(model), desk=desk)
    assert (report.outcome, report.verdict) == (Outcome.PASS, "pass")
    assert {record.kind for record in desk.evidence()} == {Kind.LICENSE, Kind.SCAN}
    assert {record.subject.sha256 for record in desk.evidence()} == {report.data["payload_sha256"]}


def test_a_poisoned_model_is_refused(poisoned: Path, desk: Desk) -> None:
    report = audit(str(poisoned), desk=desk)
    assert report.outcome is Outcome.FAIL
    assert any("system" in finding.saw for finding in report.findings)


def test_a_model_nobody_licensed_is_incomplete_never_a_pass(model: Path, desk: Desk) -> None:
    (model / "README.md").write_text("# Tiny\n")
    assert audit(str(model), desk=desk).outcome is Outcome.INCOMPLETE


def test_a_waiver_is_told_in_the_report(poisoned: Path, desk: Desk) -> None:
    checks = {finding.check for finding in audit(str(poisoned), desk=desk).findings}
    waivers = tuple(
        Waiver(
            check=check,
            path="optimizer.pkl",
            owner="ada@example.org",
            reason="a fixture of our own test suite",
            created=date(2026, 11, 1),
            expires=date(2026, 12, 1),
        )
        for check in checks
    )
    assert desk.project
    with_waivers = replace(desk.project, settings=settings.Settings(policy=Policy(waivers=waivers)))
    report = audit(str(poisoned), desk=replace(desk, project=with_waivers))
    assert report.outcome is Outcome.PASS
    assert any("waived until 2026-12-01" in note for note in report.notes)


def test_without_a_project_nothing_is_written(model: Path, tmp_path: Path, desk: Desk) -> None:
    before = sorted(tmp_path.rglob("*"))
    report = audit(str(model), desk=Desk(now=desk.now))
    assert sorted(tmp_path.rglob("*")) == before
    assert "kit init" in report.next_steps[0]


def test_a_changed_weight_silences_what_was_known(model: Path, desk: Desk) -> None:
    audit(str(model), desk=desk)
    weights = model / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    second = audit(str(model), desk=desk)
    assert len({record.subject.sha256 for record in desk.evidence()}) == 2
    assert second.outcome is Outcome.PASS


def test_status_judges_every_payload_again(poisoned: Path, desk: Desk) -> None:
    audit(str(poisoned), desk=desk)
    report = status(desk=desk)
    assert report.outcome is Outcome.FAIL
    assert report.data["payloads"][0]["outcome"] is Outcome.FAIL


def test_of_many_parents_the_base_is_shown_first(model: Path, desk: Desk) -> None:
    listed = "".join(f"- data-{number}\n" for number in range(20))
    (model / "README.md").write_text(f"---\nlicense: mit\nbase_model: org/base\ndatasets:\n{listed}---\n")
    rows = [row for row in audit(str(model), desk=desk).tables[0].rows if row[0] in ("parent", "")]
    assert rows[0][1].startswith("org/base")
    assert rows[-1] == ("", "… and 15 more: kit license lineage")
