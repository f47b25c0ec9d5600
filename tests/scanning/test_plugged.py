"""Checks of other packages: asked when kit.toml names them, never loaded otherwise, and named when broken."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = '''
from collections.abc import Iterator
from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.pickles import Pickle

@check("{id}", reads=Pickle, severity=Severity.HIGH)
def any_pickle(pickle: Pickle) -> Iterator[Hit]:
    """Our rules allow no pickle at all.

    We take safetensors only.
    """
    {body}

CHECKS = (any_pickle,)
'''
HIT = 'yield Hit(at=pickle.at, saw="a pickle", remedy="Ask for safetensors.")'
CRASH = 'raise RuntimeError("the check is ill"); yield'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project and a site folder with an installed package `acme-checks` 1.2."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.pkl").write_bytes(pickle.dumps([1]))
    info = tmp_path / "site" / "acme_checks-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[ossmodelkit.checks]\nacme = acme_checks:CHECKS\n")
    (tmp_path / "kit.toml").write_text('[scan]\nchecks = ["acme"]\n')
    return tmp_path


def install(place: Path, text: str) -> None:
    (place / "site" / "acme_checks.py").write_text("print('loaded')\n" + text)


def kit(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(place / "site"), *filter(None, [os.environ.get("PYTHONPATH")])])
    run = [sys.executable, "-m", "ossmodelkit", *words]
    return subprocess.run(
        run, cwd=place, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path}
    )


def test_a_named_check_is_asked_like_our_own(place: Path) -> None:
    install(place, CHECK.format(id="acme-no-pickle", body=HIT))
    done = kit(place, "scan", "model", "--record")
    assert (done.returncode, "acme-no-pickle" in done.stdout) == (1, True)
    record = next((place / ".kit" / "evidence").iterdir()).read_text()
    assert '"acme": "1.2"' in record
    assert "We take safetensors only." in kit(place, "explain", "acme-no-pickle").stdout


def test_workers_ask_it_as_well(place: Path) -> None:
    install(place, CHECK.format(id="acme-no-pickle", body=HIT))
    for number in range(40):
        (place / "model" / f"{number}.pkl").write_bytes(pickle.dumps([number]))
    assert kit(place, "scan", "model", "--jobs", "2", "--format", "json").stdout.count('"acme-no-pickle"') >= 41


def test_it_is_never_loaded_unless_it_is_named(place: Path) -> None:
    install(place, CHECK.format(id="acme-no-pickle", body=HIT))
    (place / "kit.toml").write_text("")
    done = kit(place, "scan", "model")
    assert (done.returncode, "loaded" in done.stdout) == (0, False)


def test_a_check_that_crashes_leaves_a_gap_with_its_name(place: Path) -> None:
    install(place, CHECK.format(id="acme-no-pickle", body=CRASH))
    done = kit(place, "scan", "model")
    assert (done.returncode, "check acme-no-pickle failed: RuntimeError: the check is ill" in done.stdout) == (3, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("import nothing_there", "'acme' cannot be used: ModuleNotFoundError", id="does not import"),
        pytest.param("raise SystemExit(0)", "'acme' cannot be used: SystemExit", id="leaves"),
        pytest.param("CHECKS = ('text',)", "is no tuple of checks", id="no checks"),
        pytest.param(CHECK.format(id="pickle-runs-code", body=HIT), "has the id of one of ossmodelkit", id="our id"),
        pytest.param(CHECK.format(id="No Pickle!", body=HIT), "has no id of small words", id="no id"),
    ],
)
def test_a_broken_one_is_an_error_with_its_name(place: Path, text: str, says: str) -> None:
    install(place, text)
    done = kit(place, "scan", "model")
    assert done.returncode == 2, done.stdout
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_one_that_is_not_installed_is_named(place: Path) -> None:
    install(place, CHECK.format(id="acme-no-pickle", body=HIT))
    (place / "kit.toml").write_text('[scan]\nchecks = ["acmee"]\n')
    done = kit(place, "scan", "model")
    assert (done.returncode, "did you mean 'acme'?" in done.stderr) == (2, True)
