"""The same job on several machines: commands for a shell, files for Slurm and Kubernetes."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from ossmodelkit.core.training import Job
from ossmodelkit.foundation import templates
from ossmodelkit.foundation.errors import UsageError

FILES = {"shell": "shell.sh.j2", "slurm": "slurm.sh.j2", "trainjob": "trainjob.yaml.j2", "jobset": "jobset.yaml.j2"}
CPUS_PER_PROCESS = 12


class Launcher(StrEnum):
    """Who starts the processes."""

    SHELL = "shell"
    SLURM = "slurm"
    TRAINJOB = "trainjob"
    JOBSET = "jobset"


def render(job: Job, launcher: Launcher, *, words: Sequence[str], nodes: int, image: str) -> str:
    """The text that starts `job` on `nodes` machines; `words` are the plan and its changes, for `--collect`.

    Raises `UsageError` when the plan does not say how many processes a machine runs.
    """
    processes = job.plan.devices.processes
    if not processes:
        raise UsageError("a launch file needs devices.processes", hint="set the cards of one machine in the plan")
    shell = launcher in (Launcher.SHELL, Launcher.SLURM)
    quoted = shlex.quote if shell else str
    values: dict[str, object] = {
        "name": _name(job.plan.out),
        "nodes": nodes,
        "processes": processes,
        "cpus": processes * CPUS_PER_PROCESS,
        "threads": CPUS_PER_PROCESS,
        "python": quoted(sys.executable if shell else "python"),
        "host": "NODE0",
        "run": quoted(job.run),
        "job": quoted(str(Path(job.run) / "job.json")),
        "record": quoted(str(Path(job.run) / "run.json")),
        "job_json": json.dumps(str(Path(job.run) / "job.json")),
        "record_json": json.dumps(str(Path(job.run) / "run.json")),
        "home_json": json.dumps(str(Path(job.out).parent)),
        "plan": shlex.join(words),
        "image": json.dumps(image),
    }
    return templates.render(f"launch/{FILES[launcher]}", values)


def _name(out: str) -> str:
    """A name that Kubernetes takes: RFC 1123, at most 40 characters so that suffixes fit."""
    plain = re.sub(r"[^a-z0-9]+", "-", Path(out).name.lower()).strip("-")[:40].strip("-")
    return f"kit-{plain or 'run'}"
