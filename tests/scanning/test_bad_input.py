"""Devices, pipes, files that change, locked archives, lengths beyond anything: each has its answer."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from ossmodelkit.core.policy import Outcome
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.errors import SourceError
from ossmodelkit.foundation.limits import Budget
from ossmodelkit.foundation.progress import Silent
from ossmodelkit.scanning.inspecting import inspect
from ossmodelkit.sources.local import LocalSource
from ossmodelkit.workflow.scan import scan
from tests.making.locked import ANNOUNCING, locked_zip
from tests.making.memory import MemorySource, said, scan_bytes

GOOD = pickle.dumps({"a": 1})


def _pipe(path: Path) -> object:
    return os.mkfifo(path)


def _socket(path: Path) -> object:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    return server


@pytest.mark.parametrize(
    ("make", "why"),
    [pytest.param(_pipe, "a pipe", id="pipe"), pytest.param(_socket, "a socket", id="socket")],
)
def test_what_is_no_file_is_named_and_not_waited_for(make: Callable[[Path], object], why: str, tmp_path: Path) -> None:
    held = make(tmp_path / "model.bin")
    for place in (tmp_path, tmp_path / "model.bin"):
        report = scan(str(place))
        assert (report.verdict, report.outcome) == ("incomplete", Outcome.INCOMPLETE)
        assert any(why in gap.reason for gap in report.gaps)
    del held


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_not_read(device: str) -> None:
    report = scan(device)
    assert (report.verdict, [gap.reason for gap in report.gaps]) == ("incomplete", ["special: a device"])


def test_a_link_to_itself_is_an_error_by_name_and_a_fact_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "m.pkl").write_bytes(GOOD)
    with pytest.raises(SourceError, match="a link to nothing"):
        scan(str(tmp_path / "loop"))
    assert {one["name"] for one in scan(str(tmp_path)).data["files"]} == {"loop", "m.pkl"}


def meanwhile(act: Callable[[Path], object], path: Path) -> Reader:
    """A reader during whose work something happens to the file."""

    def read(blob: Blob, budget: Budget) -> Iterator[object]:
        act(path)
        yield object()

    return Reader(name="slow", accepts=lambda blob: True, read=read)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda path: path.write_bytes(GOOD * 2), id="written to"),
        pytest.param(lambda path: path.write_bytes(b""), id="emptied"),
        pytest.param(lambda path: os.utime(path, (1, 1)), id="touched"),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_never_clean(act: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(GOOD)
    found = inspect(LocalSource(path), progress=Silent(), readers=(meanwhile(act, path),))
    assert found.verdict == "incomplete"
    assert any("changed while it was read" in gap.reason for gap in found.answers.gaps)


def test_a_file_that_is_gone_when_its_turn_comes_is_named(tmp_path: Path) -> None:
    for name in ("a.pkl", "b.pkl"):
        (tmp_path / name).write_bytes(GOOD)
    last = tmp_path / "b.pkl"
    found = inspect(LocalSource(tmp_path), progress=Silent(), readers=(meanwhile(lambda path: path.unlink(), last),))
    words = {one.name: one.verdict for one in found.files}
    assert words["b.pkl"] == "incomplete"
    assert any(gap.at.path == "b.pkl" and "cannot read" in gap.reason for gap in found.answers.gaps)


@pytest.mark.parametrize("name", ANNOUNCING)
def test_a_length_beyond_anything_is_refused_unread(name: str) -> None:
    found = scan_bytes(ANNOUNCING[name])
    assert found.verdict in ("incomplete", "dangerous"), said(found)


def test_a_locked_zip_says_that_it_asks_for_a_password() -> None:
    data = locked_zip("archive/data.pkl", pickle.dumps([1]))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert pickle.loads(archive.read("archive/data.pkl", pwd=b"open sesame")) == [1]
    found = scan_bytes(data)
    assert found.verdict != "clean"
    assert any("password" in gap.reason for gap in found.answers.gaps), said(found)


def test_many_small_files_are_all_judged(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"{number:04}.txt").write_bytes(b"hello\n")
    (tmp_path / "1000.txt").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    report = scan(str(tmp_path), jobs=2)
    assert (len(report.data["files"]), report.verdict) == (2000, "dangerous")
    assert [one.at.path for one in report.findings] == ["1000.txt"]


def test_a_worker_that_is_killed_leaves_gaps_and_no_hang(tmp_path: Path) -> None:
    """The one thing a scan cannot answer for is memory that runs out: the kernel kills, and the rest is named."""
    for number in range(60):
        (tmp_path / f"{number:02}.pkl").write_bytes(GOOD)
    kill = (
        "import os, signal, sys\n"
        "from ossmodelkit.scanning import entry, spreading\n"
        "def dies(work, one):\n"
        "    if one.name == '30.pkl': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return entry.inspect_entry(work, one)\n"
        "spreading.inspect_entry = dies\n"
        "from ossmodelkit.workflow.scan import scan\n"
        "report = scan(sys.argv[1], jobs=2)\n"
        "print(report.verdict, len(report.data['files']), any('killed' in gap.reason for gap in report.gaps))\n"
    )
    done = subprocess.run([sys.executable, "-c", kill, str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["incomplete", "60", "True"], done.stderr


def test_absolute_names_of_a_hostile_listing_are_no_endless_climb() -> None:
    found = inspect(MemorySource({"/etc/x": b"x", "//a/adapter_config.json": b"{}"}), progress=Silent())
    assert found.verdict == "dangerous", said(found)
