"""A model is let in once it passed: where it lies, and again as it arrived."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.download import download
from tests.making.hub_server import HubServer
from tests.sources.conftest import hub

__all__ = ["hub"]
HEADER = json.dumps({"w": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + b"abcd"
FILES = {"config.json": b"{}", "model.safetensors": WEIGHTS, "README.md": b"# A model\n"}


class Shell:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("echo never",)


def test_what_passes_is_here_and_verified(hub: HubServer, tmp_path: Path) -> None:
    commit = hub.add("org/name", FILES).commit
    run = [sys.executable, "-m", "ossmodelkit", "scan", "hub:org/name", "--online", "--download", "here", "-f", "json"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["verdict"]) == (0, "clean"), done.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()} == FILES
    assert (told["download"]["revision"], told["download"]["files"]) == (commit, 3)
    assert [path.name for path in tmp_path.iterdir() if "quarantine" in path.name] == []


def test_what_is_refused_where_it_lies_is_not_fetched(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/bad", {**FILES, "model.bin": pickle.dumps(Shell())})
    report = download(["hub:org/bad"], tmp_path / "here", desk=Desk(), online=True)
    assert (report.verdict, list(tmp_path.glob("*here*"))) == ("dangerous", [])
    assert report.notes[-1] == "nothing was downloaded"


def test_what_cannot_be_judged_stays_in_quarantine(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/odd", {**FILES, "strange.bin": b"\xfe\xfd\xfc\xfb" * 50})
    report = download(["hub:org/odd"], tmp_path / "here", desk=Desk(), online=True)
    assert (report.verdict, (tmp_path / "here").exists()) == ("incomplete", False)
    assert (tmp_path / ".here.quarantine" / "here" / "strange.bin").exists()
    assert "stay in quarantine" in report.notes[-1]


def test_another_run_goes_on_with_what_is_there(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/odd", {**FILES, "strange.bin": b"\xfe\xfd\xfc\xfb" * 50})
    for _ in range(2):
        report = download(["hub:org/odd"], tmp_path / "here", desk=Desk(), online=True)
        assert report.data["download"]["files"] == 4


def test_a_place_that_holds_something_is_left_alone(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/name", FILES)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something"):
        download(["hub:org/name"], tmp_path, desk=Desk(), online=True)
    with pytest.raises(UsageError, match="on this machine already"):
        download([str(tmp_path)], tmp_path / "here", desk=Desk())
