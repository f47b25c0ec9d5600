"""The trainer is a process: what it says is heard, and its death is written down."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.plan import Devices, Plan
from ossmodelkit.core.training import Job
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.tuning import launch

PLAN = Plan(base="b", data="d", out="o", devices=Devices(kind="cpu"))


def run(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[tuple[str, Mapping[str, Any]]]]:
    """Start `script` in the trainer's place; it finds the record's path in sys.argv[2]."""
    job = Job(plan=PLAN, base="b", data="d", out=str(folder / "o"), run=str(folder / "o.run"))
    heard: list[tuple[str, Mapping[str, Any]]] = []
    monkeypatch.setattr(launch, "check_installed", lambda: None)
    monkeypatch.setattr(launch, "command", lambda plan, a, b: [sys.executable, "-c", script, str(a), str(b)])
    return launch.start(job, lambda event, facts: heard.append((event, facts))), heard


def test_events_are_heard_and_noise_goes_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import json, sys; print('noise'); print('\\x1ekit ' + json.dumps({'event': 'step', 'loss': 1.5}));"
        "print('\\x1ekit broken'); print('\\x1ekit []');"
        "open(sys.argv[2], 'w').write(json.dumps({'status': 'trained', 'plan': {}, 'steps': 3}))"
    )
    record, heard = run(tmp_path, script, monkeypatch)
    assert (record.status, record.steps) == ("trained", 3)
    assert heard == [("step", {"loss": 1.5})]
    assert (tmp_path / "o.run" / "trainer.log").read_text() == "noise\n"
    assert json.loads((tmp_path / "o.run" / "job.json").read_text())["plan"]["base"] == "b"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        pytest.param("import os; os.kill(os.getpid(), 9)", "the trainer was killed", id="killed"),
        pytest.param("raise SystemExit(7)", "the trainer ended with code 7", id="died"),
        pytest.param("import sys; open(sys.argv[2], 'w').write('{')", "ended with code 0", id="half a record"),
    ],
)
def test_a_trainer_that_dies_is_written_down(
    script: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = run(tmp_path, script, monkeypatch)
    assert record.status == "failed" and says in record.reason and record.hint
    assert json.loads((tmp_path / "o.run" / "run.json").read_text())["status"] == "failed"


def test_being_asked_to_leave_before_the_start_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(60)"
    record, _ = run(tmp_path, script, monkeypatch)
    assert record.status == "stopped" and "before it had begun" in record.reason and record.hint
    assert json.loads((tmp_path / "o.run" / "run.json").read_text())["status"] == "stopped"


def test_one_process_needs_no_launcher() -> None:
    words = launch.command(PLAN, Path("a"), Path("b"))
    assert words == [sys.executable, "-m", "ossmodelkit.trainer", "a", "b"]
    many = replace(PLAN, devices=Devices(kind="cpu", processes=4))
    assert "torch.distributed.run" in launch.command(many, Path("a"), Path("b"))


def test_cards_are_counted_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    assert launch.processes(Plan(base="b", data="d", out="o")) == 3
    assert launch.processes(PLAN) == 1
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert launch.processes(Plan(base="b", data="d", out="o")) == 1


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "find_spec", lambda name: None if name in ("torch", "peft") else object())
    with pytest.raises(UsageError, match="training needs torch, peft") as caught:
        launch.check_installed()
    assert "[train]" in caught.value.hint


@pytest.mark.parametrize("out", ["taken/o", "taken/deeper/o"])
def test_a_place_that_cannot_be_written_is_named(out: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    job = Job(plan=PLAN, base="b", data="d", out=str(tmp_path / out), run=str(tmp_path / f"{out}.run"))
    with pytest.raises(UsageError, match="cannot write the run's folder") as caught:
        launch.lay_out(job)
    assert caught.value.hint
