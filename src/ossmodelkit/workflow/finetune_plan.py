"""What can be known of a run before it starts: examples, the schema, and a look at a plan."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.core.training import Job
from ossmodelkit.foundation.errors import RefusedError
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.tuning import cluster, launch, schema
from ossmodelkit.tuning import plan as plans
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.finetune import base_standing
from ossmodelkit.workflow.finetune_estimate import needed, predicted


def example_plan(name: str) -> str:
    """An example plan's text; `list` gives the names of all."""
    return "\n".join(plans.examples()) + "\n" if name == "list" else plans.example(name)


def plan_schema() -> str:
    """The JSON schema of a plan."""
    return json.dumps(schema.plan_schema(), indent=2) + "\n"


def look_at(plan_path: Path, desk: Desk, *, changes: Sequence[str] = ()) -> Report:
    """The plan as it would be run, and whether its base may be trained on. Nothing is started.

    Raises `UsageError` as `finetune` would.
    """
    plan = plans.read(plan_path, changes)
    job = plans.job(plan, plan_path.parent)
    plans.check_places(job, force=True)
    standing = base_standing(job, desk)
    passes = bool(standing["passes"])
    memory = predicted(job, desk)
    return Report(
        command="finetune",
        subject=str(plan_path),
        verdict="ready" if passes else "refused",
        outcome=Outcome.PASS if passes else Outcome.FAIL,
        summary="the plan can be run" if passes else "the base has no passing audit in this project",
        tables=(Table(title="", columns=("", ""), rows=(*_rows(job, standing), ("memory", _memory(memory)))),),
        notes=tuple(standing["why"]),
        next_steps=(f"kit finetune {plan_path}",) if passes else (f"kit audit {plan.base}",),
        data={
            "plan": to_wire(plan),
            "base": {"ref": plan.base, "sha256": standing["sha256"]},
            "audited": passes,
            "estimate": memory,
        },
    )


def launch_file(
    plan_path: Path,
    desk: Desk,
    launcher: str,
    *,
    nodes: int,
    image: str,
    resume: bool = False,
    changes: Sequence[str] = (),
) -> str:
    """Lay the job out and give back what starts it on several machines; nothing is started here.

    Raises `UsageError` as `finetune` would, and `RefusedError` when the base has no passing audit.
    """
    plan = plans.read(plan_path, changes)
    job = plans.job(plan, plan_path.parent, resume=resume)
    plans.check_places(job, force=False)
    standing = base_standing(job, desk)
    if not standing["passes"]:
        raise RefusedError("the base has no passing audit in this project", hint=f"kit audit {plan.base}")
    words = (str(plan_path), *(word for change in changes for word in ("--set", change)))
    text = cluster.render(job, cluster.Launcher(launcher), words=words, nodes=nodes or plan.devices.nodes, image=image)
    launch.lay_out(replace(job, base_sha256=str(standing["sha256"]), needed=needed(job, desk)), restarts=True)
    return text


def _memory(found: Mapping[str, Any]) -> str:
    if "reason" in found:
        return f"no estimate: {found['reason']}"
    peak = found["allocated_peak_bytes"] / 2**30
    return f"{peak:.2f} GiB at most, at {found['tokens']:,} tokens a step ({found['peak_phase']})"


def _rows(job: Job, standing: dict[str, object]) -> tuple[tuple[str, str], ...]:
    plan = job.plan
    train = plan.train
    length = f"{train.steps} steps" if train.steps else f"{train.epochs or 1:g} epochs"
    return (
        ("base", f"{plan.base}  {str(standing['sha256'])[:16]}…  audit: {standing['outcome']}"),
        ("data", f"{plan.data}  {_lines(Path(job.data))} lines"),
        ("method", f"{plan.method.name} on {plan.weights} weights, {plan.task}"),
        ("length", f"{length} of {train.batch} rows, up to {train.seq} tokens each"),
        ("learning", f"{plan.learning_rate:g}, {train.schedule}, warm-up {train.warmup:.0%}, seed {train.seed}"),
        ("processes", str(launch.processes(plan) * plan.devices.nodes)),
        ("result", plan.out + (" (merged)" if plan.merge else "")),
    )


def _lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for line in stream if line.strip())
