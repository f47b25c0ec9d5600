"""Short runs, in this process, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ossmodelkit.core.plan import Plan
from ossmodelkit.core.training import Job, RunRecord
from ossmodelkit.foundation.wire import from_wire


def plan_of(**settings: Any) -> Plan:
    """A plan of five small steps, with `settings` over it; tables are merged."""
    train = {"steps": 5, "batch": 4, "seq": 64, "lr": 5e-3, "seed": 3, **settings.pop("train", {})}
    method = {"name": "lora", "rank": 4, **settings.pop("method", {})}
    told = {"base": "base", "data": "data.jsonl", "out": "tuned", "train": train, "method": method, **settings}
    return from_wire(Plan, told, where="plan")


def job_in(folder: Path, plan: Plan, **settings: Any) -> Job:
    """The plan with its places in `folder`."""
    return Job(
        plan=plan,
        base=str(folder / plan.base),
        data=str(folder / plan.data),
        out=str(folder / plan.out),
        run=str(folder / f"{plan.out}.run"),
        evaluation_data=str(folder / plan.evaluation_data) if plan.evaluation_data else "",
        teacher=str(folder / plan.distill.teacher) if plan.distill else "",
        **settings,
    )


def run_here(job: Job) -> RunRecord:
    """Run the job in this process; what it says is thrown away."""
    import contextlib
    import io

    from ossmodelkit.trainer.running import run

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return run(job)


def losses(record: RunRecord) -> list[float]:
    """The losses in their order."""
    return [loss for _, loss in record.loss]
