"""Start the trainer as a process of its own, listen to it, and bring back its record."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ossmodelkit.core.plan import Plan
from ossmodelkit.core.training import EVENT_MARK, Job, RunRecord
from ossmodelkit.foundation.errors import KitError, UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.foundation.writing import write_atomic

Listener = Callable[[str, Mapping[str, Any]], None]
NEEDED = ("torch", "transformers", "peft", "safetensors")
LONGEST_EVENT = 1024 * 1024


def start(job: Job, listen: Listener) -> RunRecord:
    """Run `job` and wait for its end; `listen` is called with every event.

    The record is in `run.json` of the run's folder as well, whatever happened.
    """
    check_installed()
    folder = Path(job.run)
    plan_file, record_file = lay_out(job)
    code, asked = _listen_to(command(job.plan, plan_file, record_file), folder / "trainer.log", listen)
    record = read_record(record_file)
    if record is None:
        record = died(job, code, asked=asked)
        keep(record, folder)
    return record


def lay_out(job: Job, *, restarts: bool = False) -> tuple[Path, Path]:
    """Make the run's folder and write the job into it; gives back the files of job and (future) record.

    With `restarts` somebody else may start the job several times: each start goes on where the last one ended.
    Raises `UsageError` where nothing can be written.
    """
    folder = Path(job.run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _laid_out(job, folder, restarts=restarts)
    except OSError as error:
        why = f"cannot write the run's folder {str(folder)!r}: {error.strerror}"
        raise UsageError(why, hint="give `out` a place that can be written") from error


def _laid_out(job: Job, folder: Path, *, restarts: bool) -> tuple[Path, Path]:
    if not job.resume:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    job_file, record_file = folder / "job.json", folder / "run.json"
    job = replace(job, resume=job.resume or restarts)
    write_atomic(job_file, json.dumps(to_wire(job), indent=1).encode())
    record_file.unlink(missing_ok=True)
    return job_file, record_file


def keep(record: RunRecord, folder: Path) -> None:
    """Write a record that the trainer could not, or need not, write itself.

    Raises `KitError` where the disk has not even room for that.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / "run.json", json.dumps(to_wire(record), indent=1).encode())
    except OSError as error:
        why = f"{record.reason}, and its record cannot be written: {error.strerror}"
        raise KitError(why, hint="free space, or give `out` another disk; then run again with --resume") from error


def read_record(path: Path) -> RunRecord | None:
    """The record the trainer left, if it left one."""
    try:
        return from_wire(RunRecord, json.loads(path.read_bytes()), where=str(path), strict=False)
    except (OSError, ValueError):
        return None


def died(job: Job, code: int, *, asked: bool = False) -> RunRecord:
    """The record of a trainer that was killed before it could write one; `asked` to leave, it had not begun."""
    record = RunRecord(status="failed", cause="run", plan=to_wire(job.plan), seed=job.plan.train.seed)
    if asked:
        hint = "run it again; with --resume where there are checkpoints"
        return replace(
            record, status="stopped", cause="", reason="asked to leave before it had begun to train", hint=hint
        )
    if code in (-signal.SIGKILL, 128 + signal.SIGKILL):
        hint = "most likely memory ran out: halve train.micro_batch or set weights = 'int8'; then --resume"
        return replace(record, reason="the trainer was killed", hint=hint)
    hint = f"see {Path(job.run).name}/trainer.log; --resume goes on from the newest checkpoint"
    return replace(record, reason=f"the trainer ended with code {code}", hint=hint)


def check_installed() -> None:
    """Raise `UsageError` when the training libraries are not there."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        raise UsageError(f"training needs {', '.join(absent)}", hint="pip install 'ossmodelkit[train]'")


def command(plan: Plan, plan_file: Path, record_file: Path) -> list[str]:
    """What is started: one process, or torchrun with several."""
    trainer = ["-m", "ossmodelkit.trainer", str(plan_file), str(record_file)]
    count = processes(plan)
    if count == 1 and plan.devices.nodes == 1:
        return [sys.executable, *trainer]
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}", *trainer]


def processes(plan: Plan) -> int:
    """How many processes this machine runs: as the plan says, or one for each card."""
    if plan.devices.processes:
        return plan.devices.processes
    if plan.devices.kind == "cpu" or plan.unfreeze is not None:
        return 1
    return max(1, _cards())


def _cards() -> int:
    """NVIDIA cards that this process may use, found without importing torch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    try:
        return sum(1 for path in Path("/proc/driver/nvidia/gpus").iterdir())
    except OSError:
        return 0


def _listen_to(words: list[str], log: Path, listen: Listener) -> tuple[int, bool]:
    """The trainer's exit code, and whether somebody asked us to leave meanwhile."""
    with log.open("a", encoding="utf-8", errors="replace") as out:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=out, text=True, errors="replace"
        )
        assert process.stdout is not None
        with _passed_on(process) as asked:
            for line in _lines(process.stdout):
                if line.startswith(EVENT_MARK):
                    _hear(line.removeprefix(EVENT_MARK), listen)
                else:
                    out.write(line)
            return process.wait(), bool(asked)


def _lines(stream: Any) -> Iterator[str]:
    """Lines until the end; Ctrl-C reaches the trainer as well, which saves first: go on listening."""
    while True:
        try:
            line = stream.readline(LONGEST_EVENT)
        except KeyboardInterrupt:
            continue
        if not line:
            return
        yield line


def _hear(text: str, listen: Listener) -> None:
    try:
        facts = json.loads(text)
        event = facts.pop("event")
    except (ValueError, KeyError, AttributeError, TypeError):
        return
    listen(str(event), facts)


@contextmanager
def _passed_on(process: subprocess.Popen[str]) -> Iterator[list[int]]:
    """A SIGTERM for us is meant for the trainer: it saves and leaves, and we write down that it did."""
    asked: list[int] = []

    def forward(number: int, frame: object) -> None:
        asked.append(number)
        process.send_signal(number)

    try:
        before = signal.signal(signal.SIGTERM, forward)
    except ValueError:  # Signals belong to the main thread; elsewhere the caller has its own plans.
        yield asked
        return
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)
