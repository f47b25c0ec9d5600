"""A download folder is watched: each file is judged once it has settled."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.watch import watch


class Shell:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("echo never",)


def test_each_file_that_arrives_is_judged(tmp_path: Path) -> None:
    (tmp_path / "early.pkl").write_bytes(pickle.dumps({"weights": [1.0]}))
    reports = watch(tmp_path, desk=Desk())
    assert next(reports).verdict == "clean"
    (tmp_path / "half.pkl.part").write_bytes(b"\x80")
    (tmp_path / "late.pkl").write_bytes(pickle.dumps(Shell()))
    late = next(reports)
    assert (late.verdict, Path(late.subject).name) == ("dangerous", "late.pkl")


def test_a_file_is_no_folder_to_watch(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"N.")
    with pytest.raises(UsageError, match="is not a folder"):
        next(watch(tmp_path / "a.pkl", desk=Desk()))


def test_the_command_reports_until_it_is_interrupted(tmp_path: Path) -> None:
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Shell()))
    run = [sys.executable, "-u", "-m", "ossmodelkit", "scan", "--watch", str(tmp_path)]
    # A shell that starts its jobs in the background lets them ignore the interrupt, and we would inherit that.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(run, stdout=subprocess.PIPE, text=True, preexec_fn=heed)
    assert process.stdout
    assert "dangerous" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
