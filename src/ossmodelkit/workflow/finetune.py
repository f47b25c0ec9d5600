"""Tune a base that was audited, and make the result a subject of its own with its lineage."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.plan import Plan
from ossmodelkit.core.policy import Outcome, judge
from ossmodelkit.core.report import Report
from ossmodelkit.core.training import Job, RunRecord
from ossmodelkit.foundation.errors import IntegrityError, UsageError
from ossmodelkit.foundation.progress import Progress, Task
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.sources.opening import open_source
from ossmodelkit.tuning import launch, telling
from ossmodelkit.tuning import plan as plans
from ossmodelkit.workflow import scan as scans
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.finetune_estimate import append_run, measured, needed, predicted


def finetune(
    plan_path: Path | str,
    desk: Desk,
    *,
    changes: Sequence[str] = (),
    unaudited: bool = False,
    resume: bool = False,
    force: bool = False,
    collect: bool = False,
    measured_runs: str = "",
) -> Report:
    """Run the plan, with `changes` over it, in a process of its own; record, scan and report what came out.

    `measured_runs` names a file that gets a line with predicted and measured memory.
    With `collect` nothing is started: a run that ended elsewhere is taken over from its folder.
    The report's verdict is trained, refused (the base has no passing audit here), stopped or failed.
    Raises `UsageError` when plan, data or base are wrong.
    """
    path = Path(plan_path)
    plan = plans.read(path, changes)
    job = plans.job(plan, path.parent, resume=resume)
    plans.check_places(job, force=force or collect)
    standing = base_standing(job, desk)
    if not standing["passes"] and not unaudited:
        return _refused(job, standing)
    job = replace(job, base_sha256=standing["sha256"], needed=needed(job, desk))
    record = _collected(job) if collect else _listened(job, desk)
    if record.status == "failed" and record.cause == "input":
        raise UsageError(record.reason, hint=record.hint)
    if record.status != "trained":
        return _ended(job, record)
    report = _trained(job, record, standing | {"waived": not standing["passes"]}, desk)
    if measured_runs:
        append_run(Path(measured_runs), report.data, desk.now)
    return report


def base_standing(job: Job, desk: Desk) -> dict[str, Any]:
    """Whether this project's evidence lets the base pass: its digest, yes or no, and why not."""
    sha256 = desk.subject(open_source(job.base)).sha256
    policy = desk.settings.policy
    policy = replace(policy, require=tuple(dict.fromkeys((*policy.require, Kind.LICENSE, Kind.SCAN))))
    verdict = judge(policy, sha256, desk.evidence(), desk.now.date())
    why = [f"{finding.check} at {finding.at}" for finding in verdict.refused] + list(verdict.missing)
    return {"sha256": sha256, "passes": verdict.outcome is Outcome.PASS, "why": why, "outcome": verdict.outcome.value}


def _collected(job: Job) -> RunRecord:
    """The record of a run that was started on other machines, if it fits what lies here."""
    record = launch.read_record(Path(job.run) / "run.json")
    if record is None:
        raise UsageError(f"no finished run at {job.run}", hint="wait for it to end; its log says how far it is")
    if record.status == "trained" and record.base.get("sha256") != job.base_sha256:
        raise UsageError("that run was made from another base", hint="kit audit the base it was made from")
    return record


def _listened(job: Job, desk: Desk) -> RunRecord:
    watcher = _Watcher(desk.progress)
    try:
        return launch.start(job, watcher)
    finally:
        watcher("end", {})


class _Watcher:
    """Shows the trainer's events as one bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._bars = progress, ExitStack()
        self._task: Task | None = None

    def __call__(self, event: str, facts: Mapping[str, Any]) -> None:
        if event == "chapter":
            self._bars.close()
            training = facts.get("name") == "training"
            total = facts.get("steps") if training else None
            self._task = self._bars.enter_context(self._progress.task(str(facts.get("name")), total))
            if training and facts.get("done"):
                self._task.advance(float(facts["done"]))
        elif event == "step" and self._task is not None:
            self._task.advance(1, telling.note(facts))
        elif event == "end":
            self._bars.close()


def _trained(job: Job, record: RunRecord, standing: dict[str, Any], desk: Desk) -> Report:
    source = open_source(job.out)
    subject = desk.subject(source)
    _same_bytes(record, desk.digests(source))
    file = Path(job.run) / "run.json"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    facts = telling.details(record, job.plan, record_sha256=digest, base_audited=standing)
    facts["metrics"]["predicted"] = predicted(job, desk)
    facts["metrics"]["measured"] = measured(record, facts["metrics"]["predicted"])
    made = desk.write(Kind.FINETUNE, subject, Answers(), facts)
    scan = _scan(job, desk)
    verdict = judge(desk.settings.policy, subject.sha256, [made, scan], desk.now.date())
    notes = () if standing["passes"] else (f"the base was not audited: {'; '.join(standing['why'])[:300]}",)
    return Report(
        command="finetune",
        subject=job.plan.out,
        verdict="trained",
        outcome=verdict.outcome,
        summary=_summary(record, verdict.outcome),
        findings=scan.findings,
        gaps=scan.gaps,
        asked=scan.asked,
        tables=telling.tables(record, job.plan),
        curves=telling.curves(record),
        notes=(*notes, *record.warnings),
        next_steps=(
            f"kit release check {quote(job.plan.out)} --key KEY   what stands in the way?",
            f"kit release {quote(job.plan.out)} --out release --key KEY",
        ),
        data={"payload_sha256": subject.sha256, "record": str(file), **facts},
    )


def _same_bytes(record: RunRecord, found: Mapping[str, str]) -> None:
    """What lies there must be what the trainer wrote: the record speaks of these bytes and no others."""
    if dict(record.outputs) != dict(found):
        changed = sorted(name for name in record.outputs.keys() | found if record.outputs.get(name) != found.get(name))
        raise IntegrityError(f"the result is not what the run wrote: {', '.join(changed)[:200]}", hint="train again")


def _scan(job: Job, desk: Desk) -> Evidence:
    return scans.gather(open_source(job.out), desk)


def _summary(record: RunRecord, outcome: Outcome) -> str:
    first, last = telling.ends(record.loss)
    fell = f"loss {first:.3f} → {last:.3f}" if first is not None and last is not None else "trained"
    return fell if outcome is Outcome.PASS else f"{fell}, but the scan of the result does not pass"


def _refused(job: Job, standing: dict[str, Any]) -> Report:
    record = RunRecord(
        status="refused", plan=to_wire(job.plan), reason="; ".join(standing["why"]), seed=job.plan.train.seed
    )
    launch.keep(record, Path(job.run))
    return Report(
        command="finetune",
        subject=job.plan.base,
        verdict="refused",
        outcome=Outcome.FAIL,
        summary="the base has no passing audit in this project",
        notes=tuple(standing["why"]),
        next_steps=(
            f"kit audit {job.plan.base}",
            "kit finetune PLAN.toml --unaudited   to go on all the same; the record will say so",
        ),
        data={
            "status": "refused",
            "base": {"ref": job.plan.base, "sha256": standing["sha256"]},
            "why": standing["why"],
        },
    )


def _ended(job: Job, record: RunRecord) -> Report:
    stopped = record.status == "stopped"
    plan: Plan = job.plan
    return Report(
        command="finetune",
        subject=plan.out,
        verdict=record.status,
        outcome=Outcome.INCOMPLETE if stopped else Outcome.FAIL,
        summary=record.reason,
        tables=telling.tables(record, plan),
        curves=telling.curves(record),
        notes=tuple(record.warnings),
        next_steps=(record.hint,) if record.hint else (),
        data={"status": record.status, "record": str(Path(job.run) / "run.json"), "metrics": telling.metrics(record)},
    )
