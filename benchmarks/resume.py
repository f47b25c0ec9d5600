"""Kill runs at random moments, resume them, and count how many end in the very same bytes.

`python -m benchmarks.resume 20` kills twenty; `python -m benchmarks` four.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ossmodelkit.core.plan import Plan
from ossmodelkit.core.training import Job
from ossmodelkit.foundation.wire import from_wire, to_wire

SETUPS: dict[str, tuple[dict[str, Any], int]] = {
    "LoRA, dropout 0.1": ({"method": {"name": "lora", "rank": 4, "dropout": 0.1}}, 1),
    "full": ({"method": {"name": "full"}}, 1),
    "LoRA, 2 × FSDP2": ({"method": {"name": "lora", "rank": 4}, "devices": {"spread": "fsdp2"}}, 2),
    "full, 2 × FSDP2": ({"method": {"name": "full"}, "devices": {"spread": "fsdp2"}}, 2),
}
TRAIN = {"steps": 60, "batch": 4, "lr": 1e-3, "checkpoint_every": 7}


def run(rounds: int = 4) -> str:
    """A Markdown table: bit-equal after SIGKILL, of so many."""
    chance = random.Random(0)
    equal = dict.fromkeys(SETUPS, 0)
    tried = dict.fromkeys(SETUPS, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "ossmodelkit.trainer.demo_model", str(folder / "base")], check=True)
        whole = {}
        for number in range(rounds):
            setup = list(SETUPS)[number % len(SETUPS)]
            if setup not in whole:
                whole[setup] = _result(*_start(folder, setup, "whole"))
            process, _ = _start(folder, setup, "broken")
            _kill(process, folder / "broken.run", chance.randrange(10, 55))
            tried[setup] += 1
            equal[setup] += _result(*_start(folder, setup, "broken", resume=True)) == whole[setup]
    lines = ["### Resume after SIGKILL at a random step", "", "| run | bit-equal |", "|---|---|"]
    return "\n".join(lines + [f"| {setup} | {equal[setup]} of {tried[setup]} |" for setup in SETUPS if tried[setup]])


def _start(folder: Path, setup: str, out: str, *, resume: bool = False) -> tuple[subprocess.Popen[bytes], Path]:
    settings, processes = SETUPS[setup]
    devices = {"kind": "cpu", "processes": processes, **settings.get("devices", {})}
    told = {"base": "base", "data": "data.jsonl", "out": out, "train": TRAIN, **settings, "devices": devices}
    places = {name: str(folder / name) for name in ("base",)} | {"data": str(folder / "data.jsonl")}
    job = Job(
        plan=from_wire(Plan, told), out=str(folder / out), run=str(folder / f"{out}.run"), resume=resume, **places
    )
    home = Path(job.run)
    home.mkdir(exist_ok=True)
    if not resume:
        for path in home.rglob("*"):
            if path.is_file():
                path.unlink()
    (home / "job.json").write_text(json.dumps(to_wire(job)))
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    words = [sys.executable, *(torchrun if processes > 1 else []), "-m", "ossmodelkit.trainer"]
    files = [str(home / "job.json"), str(home / "run.json")]
    quiet = subprocess.DEVNULL
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*words, *files], stdout=quiet, stderr=quiet, env=environment), home / "run.json"


def _kill(process: subprocess.Popen[bytes], home: Path, step: int) -> None:
    metrics = home / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") >= step):
        time.sleep(0.002)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = children.read_text().split() if children.exists() else []
    for number in (process.pid, *map(int, workers)):
        os.kill(number, signal.SIGKILL)
    process.wait()


def _result(process: subprocess.Popen[bytes], file: Path) -> tuple[Any, ...]:
    """Losses and digests of the weights."""
    process.wait()
    record = json.loads(file.read_text())
    weights = {name: digest for name, digest in record["outputs"].items() if name.endswith(".safetensors")}
    return record["status"], tuple(map(tuple, record["loss"])), tuple(sorted(weights.items()))


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else 4))
