"""The promise, end to end: audit, refuse, fine-tune, release, verify, and catch one flipped byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ossmodelkit.project import ledger


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    run = [sys.executable, "-m", "ossmodelkit", "demo", str(folder)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder, done.stdout


@pytest.mark.train
def test_the_demo_tells_the_whole_chain(told: tuple[Path, str]) -> None:
    folder, text = told
    for words in ("kit audit base", "kit finetune plan.toml", "kit release", "kit verify", "Look at:"):
        assert words in text
    assert (folder / "release" / "model.sig").is_file()


@pytest.mark.train
def test_the_loss_falls_visibly(told: tuple[Path, str]) -> None:
    folder, _ = told
    (record,) = [known for known in ledger.read_all(folder / ".kit" / "evidence") if known.kind == "finetune"]
    text = json.dumps(dict(record.details))
    losses = [point["loss"] if isinstance(point, dict) else point[-1] for point in _losses(json.loads(text))]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.train
def test_every_record_of_the_demo_is_readable(told: tuple[Path, str]) -> None:
    folder, _ = told
    kinds = {record.kind.value for record in ledger.read_all(folder / ".kit" / "evidence")}
    assert {"license", "scan", "finetune"} <= kinds


def _losses(details: dict[str, object]) -> list[object]:
    for key in ("loss", "losses", "loss_curve"):
        if isinstance(details.get(key), list):
            return details[key]  # type: ignore[return-value]
    raise AssertionError(f"no loss curve among {sorted(details)}")
