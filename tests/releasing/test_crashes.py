"""A release is there whole or not at all, whenever it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.releasing import staging
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.release import clean, release, resume
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.releases import NOW, desk, options, project


def judged(out: Path, key: Path) -> Report:
    return verify(out, Wanted(whom=Whom(key=str(key))), desk=Desk(now=NOW))


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    made = project(tmp_path)
    with staging.held(tmp_path / "out", {}), pytest.raises(UsageError, match="another release"):
        release(options(tmp_path), desk=made)


KILLED = """
import sys; sys.path.insert(0, {root!r})
from pathlib import Path
from tests.making.releases import desk, options
from ossmodelkit.workflow.release import release
work = Path({work!r})
release(options(work, **{more!r}), desk=desk(work))
"""


@pytest.mark.parametrize("in_place", [False, True])
def test_a_kill_at_any_moment_leaves_the_old_release_or_none(in_place: bool, tmp_path: Path) -> None:
    """Six kills each; what verifies afterwards is complete, and a resumed run finishes."""
    work = tmp_path / "p"
    project(work, size=4_000_000)
    more: dict[str, Any] = {}
    target = work / "out"
    if in_place:
        target = tmp_path / "m"
        (work / "tuned").rename(target)
        more = {"model": str(target), "out": ""}
    assert release(options(work, **more), desk=desk(work)).verdict == "released"
    script = KILLED.format(root=str(Path(__file__).parents[2]), work=str(work), more=more)
    chance = Random(7)
    seen = set()
    for _ in range(6):
        process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
        place, began = staging.place_for(target), time.monotonic()
        while process.poll() is None and not place.exists() and time.monotonic() - began < 20:
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, 0.35))
        process.send_signal(signal.SIGKILL)
        process.wait()
        report = judged(target, work / "key.pub") if target.is_dir() else None
        seen.add(report.verdict if report else "absent")
    assert seen <= {"verified", "untrusted", "absent"}
    if staging.place_for(target).is_dir() and (staging.place_for(target) / staging.JOURNAL).exists():
        assert resume(str(target), desk=desk(work)).verdict == "released"
    else:
        assert release(options(work, **more), desk=desk(work)).verdict == "released"
    clean(str(target))
    assert judged(target, work / "key.pub").verdict == "verified"
    assert not staging.place_for(target).exists()


def test_a_release_cut_between_its_two_renames_comes_back(tmp_path: Path) -> None:
    """The worst moment: the old release is moved aside, the new one has not arrived."""
    made = project(tmp_path)
    release(options(tmp_path), desk=made)
    place = staging.place_for(tmp_path / "out")
    place.mkdir()
    (tmp_path / "out").rename(place / staging.OLD)
    assert clean(str(tmp_path / "out")).summary.startswith("the leftovers")
    assert judged(tmp_path / "out", tmp_path / "key.pub").verdict == "verified"


def test_an_interrupted_release_is_resumed_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = project(tmp_path)
    monkeypatch.chdir(tmp_path)
    wanted = options(tmp_path, model="tuned", out="out", key="key")
    monkeypatch.setattr(staging, "_sync_all", _die)
    monkeypatch.setattr(staging.shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(SystemExit):
        release(wanted, desk=made)
    monkeypatch.undo()
    assert staging.journal_of(tmp_path / "out")["model"] == str(tmp_path / "tuned")
    assert resume(str(tmp_path / "out"), desk=made).verdict == "released"
    assert judged(tmp_path / "out", tmp_path / "key.pub").verdict == "verified"


def _die(folder: Path) -> None:
    raise SystemExit(9)
