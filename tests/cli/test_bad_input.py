"""Every mistake gets one clear line, a remedy, and the right exit code; never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def kit(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user would."""
    run = [sys.executable, "-m", "ossmodelkit", *words]
    return subprocess.run(run, cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    (tmp_path / "plan.toml").write_text('base = "base"\ndata = "d.jsonl"\nout = "o"\n[train]\nepocs = 1\n')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text('{"hidden_size": ')
    (tmp_path / "odd-license").mkdir()
    (tmp_path / "odd-license" / "README.md").write_text("---\nlicense: made-up-license-9\n---\n")
    (tmp_path / "odd-license" / "config.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param(("audit", "nowhere"), 2, "no model at 'nowhere'", id="missing path"),
        pytest.param(("scan", "nowhere"), 2, "nowhere", id="missing path to scan"),
        pytest.param(("audit", "empty"), 3, "empty folder", id="empty folder"),
        pytest.param(("scan", "empty"), 3, "empty", id="empty folder to scan"),
        pytest.param(("audit", "odd-license"), 3, "made-up-license-9", id="unknown license id"),
        pytest.param(("estimate", "broken"), 2, "config.json", id="broken JSON"),
        pytest.param(("finetune", "plan.toml"), 2, "did you mean 'epochs'?", id="misspelt plan"),
        pytest.param(("finetune", "none.toml"), 2, "none.toml", id="missing plan"),
        pytest.param(("verify", "empty", "--key", "plan.toml"), 2, "plan.toml", id="not a key"),
        pytest.param(("status",), 3, "kit init", id="no project"),
        pytest.param(("explain", "pickle-import-shell"), 2, "did you mean", id="misspelt check"),
        pytest.param(("audit",), 2, "MODEL", id="missing argument"),
        pytest.param(("adit",), 2, "audit", id="misspelt command"),
        pytest.param(("audit", ".", "--format", "xls"), 2, "xls", id="unknown format"),
    ],
)
def test_a_mistake_gets_a_clear_line_and_its_exit_code(
    words: tuple[str, ...], code: int, says: str, place: Path
) -> None:
    done = kit(*words, cwd=place)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_ledger_is_named(place: Path) -> None:
    kit("init", cwd=place)
    (place / ".kit" / "evidence" / "0001-scan-aaaaaa.json").write_text("{")
    done = kit("status", cwd=place)
    assert done.returncode == 3
    assert "0001-scan-aaaaaa.json is not JSON" in done.stderr


def test_a_mistake_in_the_settings_is_named(place: Path) -> None:
    (place / "kit.toml").write_text('[policy]\nrefuse_att = "low"\n')
    done = kit("audit", "odd-license", cwd=place)
    assert done.returncode == 2
    assert "did you mean 'refuse_at'?" in done.stderr


def test_the_version_is_told(place: Path) -> None:
    assert kit("--version", cwd=place).stdout.startswith("kit 0.")
