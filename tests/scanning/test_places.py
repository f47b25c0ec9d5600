"""Awkward places and files: each has a defined answer, and none stops the others."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ossmodelkit.core.finding import Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.foundation.errors import NothingToJudgeError, SourceError
from ossmodelkit.workflow.scan import scan
from tests.making.pickle_attacks import ATTACKS

EVIL = ATTACKS["gadget os:system"]
GOOD = pickle.dumps({"a": 1})


def test_one_bad_file_never_stops_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(GOOD)
    (tmp_path / "b.pkl").write_bytes(EVIL)
    (tmp_path / "empty.pkl").write_bytes(b"")
    (tmp_path / "unknown.bin").write_bytes(b"\xfe\xfd\xfc\xfb" * 100)
    os.mkfifo(tmp_path / "pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / os.fsdecode(b"name-\xff.pkl")).write_bytes(GOOD)
    report = scan(str(tmp_path), jobs=1)
    server.close()
    words = {one["name"]: one["verdict"] for one in report.data["files"]}
    assert words["a.pkl"] == "clean"
    assert words["b.pkl"] == "dangerous"
    assert {words["empty.pkl"], words["unknown.bin"], words["pipe"], words["socket"]} == {"incomplete"}
    assert words[os.fsdecode(b"name-\xff.pkl")] == "clean"
    assert (report.verdict, report.outcome) == ("dangerous", Outcome.FAIL)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_file_without_permission_is_incomplete(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(GOOD)
    (tmp_path / "a.pkl").chmod(0)
    assert scan(str(tmp_path)).verdict == "incomplete"


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        pytest.param(b"", "incomplete", id="empty"),
        pytest.param(b"\x80\x04\x8e" + b"\xff" * 7 + b"\x3f", "incomplete", id="length of 2^62"),
        pytest.param(b"\x80\x04\x95" + b"\xff" * 7 + b"\x3f" + b"N.", "clean", id="frame of 2^62 around None"),
        pytest.param(b"\x93NUMPY\x03\x00" + b"\xff" * 4, "incomplete", id="array header of 4 GB"),
        pytest.param(b"PK\x03\x04" + b"\xff" * 40, "incomplete", id="zip without a directory"),
        pytest.param(GOOD, "clean", id="plain"),
    ],
)
def test_answer_for(tmp_path: Path, data: bytes, verdict: str) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    assert scan(str(path)).verdict == verdict


def test_nothing_there_and_nothing_inside_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        scan(str(tmp_path / "absent"))
    with pytest.raises(SourceError):
        scan(str(tmp_path / "*.pt"))
    with pytest.raises(NothingToJudgeError):
        scan(str(tmp_path))


def test_several_paths_and_globs_keep_their_names_apart(tmp_path: Path) -> None:
    for folder, data in (("one", GOOD), ("two", EVIL)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.pkl").write_bytes(data)
    both = scan([str(tmp_path / "one"), str(tmp_path / "two")])
    assert [one["verdict"] for one in both.data["files"]] == ["clean", "dangerous"]
    assert both.findings[0].at.path == str(tmp_path / "two" / "m.pkl")
    assert len(scan(str(tmp_path / "*" / "*.pkl")).data["files"]) == 2


def test_jobs_change_nothing_but_the_time(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number:02}.pkl").write_bytes(EVIL if number % 7 == 0 else GOOD)
    assert scan(str(tmp_path), jobs=1) == scan(str(tmp_path), jobs=2)


def test_workers_can_be_started_while_a_thread_runs(tmp_path: Path) -> None:
    """A progress bar is such a thread: then workers cannot be forked, and nothing of ours may fail to travel."""
    for number in range(30):
        (tmp_path / f"{number:02}.pkl").write_bytes(EVIL if number % 7 == 0 else GOOD)
    stop = threading.Event()
    threading.Thread(target=stop.wait, daemon=True).start()
    try:
        assert scan(str(tmp_path), jobs=2) == scan(str(tmp_path), jobs=1)
    finally:
        stop.set()


def test_fail_on_moves_the_outcome_and_not_the_word(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(ATTACKS["unknown class"])
    strict, lax = scan(str(path)), scan(str(path), fail_on=Severity.HIGH)
    assert (strict.verdict, strict.outcome) == ("suspicious", Outcome.FAIL)
    assert (lax.verdict, lax.outcome) == ("suspicious", Outcome.PASS)


def test_command_line_reads_stdin_and_leaves_with_the_right_code(tmp_path: Path) -> None:
    kit = [sys.executable, "-m", "ossmodelkit", "scan"]
    for data, code, word in ((EVIL, 1, "dangerous"), (GOOD, 0, "clean"), (GOOD[:-1], 3, "incomplete")):
        run = subprocess.run([*kit, "-", "--format", "json"], input=data, capture_output=True, check=False)
        assert (run.returncode, json.loads(run.stdout)["verdict"]) == (code, word)
    assert subprocess.run([*kit, "-"], input=b"", capture_output=True, check=False).returncode == 3
    path = tmp_path / "m.pkl"
    path.write_bytes(EVIL)
    assert subprocess.run([*kit, str(path), "--exit-zero"], capture_output=True, check=False).returncode == 0


def test_a_waiver_is_heard_and_printed(tmp_path: Path) -> None:
    path, waivers = tmp_path / "m.pkl", tmp_path / "waivers.toml"
    path.write_bytes(ATTACKS["unknown class"])
    waivers.write_text(
        '[[waiver]]\ncheck = "pickle-unknown-global"\nowner = "me"\nreason = "we wrote this class ourselves"\n'
        "created = 2020-01-01\nexpires = 2020-06-01\n"
    )
    from ossmodelkit.project.waivers import read_waivers
    from ossmodelkit.workflow.desk import Desk

    given = read_waivers(waivers)
    expired = scan(str(path), waivers=given)
    from datetime import UTC, datetime

    heard = scan(str(path), waivers=given, desk=Desk(now=datetime(2020, 2, 1, tzinfo=UTC)))
    assert (expired.verdict, heard.verdict) == ("suspicious", "clean")
    assert "waived until 2020-06-01" in heard.notes[0]
