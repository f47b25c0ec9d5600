"""Two processes do what one does; a run may go on with another number of them."""

from __future__ import annotations

import json
import os
import shutil
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
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}


def run_two(job: Job) -> RunRecord:
    """Run under torchrun with gloo."""
    done = subprocess.run(prepared(job, processes=2), capture_output=True, text=True, env=ONE_THREAD, check=False)
    record = Path(job.run) / "run.json"
    assert record.exists(), done.stderr[-3000:]
    return from_wire(RunRecord, json.loads(record.read_text()), strict=False)


def prepared(job: Job, *, processes: int) -> list[str]:
    """The job's file written, and the words that start it."""
    folder = Path(job.run)
    folder.mkdir(exist_ok=True)
    (folder / "job.json").write_text(json.dumps(to_wire(job)))
    (folder / "run.json").unlink(missing_ok=True)
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return [sys.executable, *torchrun, "-m", "ossmodelkit.trainer", str(folder / "job.json"), str(folder / "run.json")]


@pytest.mark.parametrize(
    ("spread", "method"), [("ddp", "lora"), ("fsdp2", "lora"), ("fsdp2", "full")], ids=lambda name: str(name)
)
def test_two_processes_learn_what_one_learns(spread: str, method: str, llama: Path) -> None:
    settings: dict[str, Any] = {"method": {"name": method}, "train": {"steps": 6, "batch": 4}}
    alone = run_here(job_in(llama, plan_of(**settings, out="alone")))
    devices = {"kind": "cpu", "processes": 2, "spread": spread}
    both = run_two(job_in(llama, plan_of(**settings, devices=devices)))
    assert both.status == "trained", both.reason
    assert both.hardware["processes"] == 2
    assert losses(both) == pytest.approx(losses(alone), rel=1e-4)
    assert both.tokens == alone.tokens
    assert both.outputs.keys() == alone.outputs.keys()


def test_a_killed_run_of_two_goes_on_with_two_or_with_one(llama: Path) -> None:
    train: dict[str, Any] = {"steps": 100, "batch": 4, "checkpoint_every": 10}
    devices = {"kind": "cpu", "processes": 2, "spread": "fsdp2"}
    whole = run_two(job_in(llama, plan_of(train=train, devices=devices, out="whole")))
    kill_after_a_checkpoint(job_in(llama, plan_of(train=train, devices=devices)))
    shutil.copytree(llama / "tuned.run", llama / "alone.run")
    both = run_two(job_in(llama, plan_of(train=train, devices=devices), resume=True))
    assert both.resumed_from and both.loss == whole.loss
    assert both.outputs["adapter_model.safetensors"] == whole.outputs["adapter_model.safetensors"]
    alone = run_here(job_in(llama, plan_of(train=train, out="alone"), resume=True))
    assert alone.resumed_from == both.resumed_from
    assert losses(alone) == pytest.approx(losses(whole), rel=1e-3)


def kill_after_a_checkpoint(job: Job) -> None:
    words = prepared(job, processes=2)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, stdout=quiet, stderr=quiet, env=ONE_THREAD)
    until = time.monotonic() + 90
    while not list((Path(job.run) / "checkpoints").glob("step-*")):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.002)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for number in (process.pid, *map(int, workers)):
        os.kill(number, signal.SIGKILL)
    process.wait()
