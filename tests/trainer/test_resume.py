"""A run that was killed goes on as if nothing had happened: to the bit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.training import Job, RunRecord
from ossmodelkit.foundation.wire import from_wire, to_wire
from tests.trainer.runs import job_in, losses, plan_of, run_here

pytest.importorskip("torch")
pytestmark = pytest.mark.train

LORA = {"method": {"dropout": 0.1}, "train": {"steps": 14, "checkpoint_every": 3}}
FULL = {"method": {"name": "full"}, "train": {"steps": 14, "checkpoint_every": 3}}
GRADUAL = FULL | {"unfreeze": {"groups": 2, "every": 4, "warmup": 2}}


def stop_after(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Break the run as a crash would, in the middle of a step."""
    from ossmodelkit.trainer import loop

    real = loop.train_step
    count = 0

    def breaking(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count > step:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(loop, "train_step", breaking)


@pytest.mark.parametrize("settings", [LORA, FULL, GRADUAL], ids=["lora with dropout", "full", "gradual"])
@pytest.mark.parametrize("step", [5, 11])
def test_a_broken_run_resumes_to_the_bit(
    settings: dict[str, Any], step: int, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_here(job_in(llama, plan_of(**settings, out="whole")))
    with monkeypatch.context() as patch:
        stop_after(patch, step)
        broken = run_here(job_in(llama, plan_of(**settings)))
        assert broken.status == "failed"
    resumed = run_here(job_in(llama, plan_of(**settings), resume=True))
    assert resumed.resumed_from == (step // 3 * 3,)
    assert losses(resumed) == losses(whole)
    assert weights(resumed) == weights(whole)
    assert (resumed.tokens, resumed.stages) == (whole.tokens, whole.stages)


def weights(record: RunRecord) -> dict[str, str]:
    return {name: digest for name, digest in record.outputs.items() if name.endswith(".safetensors")}


def test_a_torn_checkpoint_is_named_and_skipped(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_here(job_in(llama, plan_of(**LORA, out="whole")))
    with monkeypatch.context() as patch:
        stop_after(patch, 11)
        run_here(job_in(llama, plan_of(**LORA)))
    newest = llama / "tuned.run" / "checkpoints" / "step-00000009"
    (newest / "optimizer.safetensors").unlink()
    resumed = run_here(job_in(llama, plan_of(**LORA), resume=True))
    assert resumed.resumed_from == (6,)
    assert any("step-00000009 is torn (optimizer.safetensors is missing)" in text for text in resumed.warnings)
    assert losses(resumed) == losses(whole)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"train": LORA["train"] | {"seed": 4}}, "train", id="another seed"),
        pytest.param({"method": {"rank": 8}}, "method", id="another rank"),
    ],
)
def test_another_run_is_not_resumed(
    change: dict[str, Any], says: str, llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        run_here(job_in(llama, plan_of(**LORA)))
    record = run_here(job_in(llama, plan_of(**(LORA | change)), resume=True))
    assert record.status == "failed"
    assert "another run" in record.reason and says in record.reason


def test_other_data_is_not_resumed(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        run_here(job_in(llama, plan_of(**LORA)))
    rows = (llama / "data.jsonl").read_text()
    (llama / "data.jsonl").write_text(rows.replace("three", "seven"))
    record = run_here(job_in(llama, plan_of(**LORA), resume=True))
    assert "data changed" in record.reason


def start(job: Job) -> tuple[subprocess.Popen[bytes], Path]:
    folder = Path(job.run)
    folder.mkdir(exist_ok=True)
    (folder / "job.json").write_text(json.dumps(to_wire(job)))
    words = [sys.executable, "-m", "ossmodelkit.trainer", str(folder / "job.json"), str(folder / "run.json")]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(words, env=environment, **quiet), folder / "run.json"  # type: ignore[call-overload]


def wait_for_step(job: Job, step: int) -> None:
    metrics = Path(job.run) / "metrics.jsonl"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if metrics.exists() and metrics.read_bytes().count(b"\n") >= step:
            return
        time.sleep(0.005)
    raise AssertionError("the run does not move")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_resumes_to_the_bit(number: int, llama: Path) -> None:
    settings: dict[str, Any] = LORA | {"train": {"steps": 300, "checkpoint_every": 20}}
    step = random.Random(number).randrange(25, 120)
    job = job_in(llama, plan_of(**settings))
    process, file = start(job)
    wait_for_step(job, step)
    process.send_signal(number)
    process.wait()
    if number == signal.SIGTERM:
        left = from_wire(RunRecord, json.loads(file.read_text()), strict=False)
        assert left.status == "stopped" and left.steps >= step
    again, file = start(job_in(llama, plan_of(**settings), resume=True))
    whole_job = job_in(llama, plan_of(**settings, out="whole"))
    whole_process, whole_file = start(whole_job)
    assert (again.wait(), whole_process.wait()) == (0, 0)
    resumed, whole = (from_wire(RunRecord, json.loads(path.read_text()), strict=False) for path in (file, whole_file))
    assert resumed.resumed_from and resumed.loss == whole.loss
    assert weights(resumed) == weights(whole)
