"""A whole run: load, prepare, train, save, record. The chapters stand here in their order."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ossmodelkit.core.training import Job, RunRecord
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.trainer import distributed, loading, methods, optimizing, ordering, recording, saving
from ossmodelkit.trainer.distributed import World
from ossmodelkit.trainer.evaluating import evaluate, evaluate_at_the_end, evaluate_at_the_start
from ossmodelkit.trainer.events import Voice
from ossmodelkit.trainer.feeding import Feed
from ossmodelkit.trainer.keeping import Keeper
from ossmodelkit.trainer.leaving import asked_to_leave
from ossmodelkit.trainer.loop import Loop
from ossmodelkit.trainer.metrics import Journal
from ossmodelkit.trainer.preparing import Lessons, Prepared, build, read_lessons
from ossmodelkit.trainer.tokenizer import load_tokenizer
from ossmodelkit.trainer.tracking import trackers
from ossmodelkit.trainer.troubles import Stopped, Trouble, explain
from ossmodelkit.trainer.unfreezing import Unfreezing


@dataclass(slots=True, kw_only=True)
class Run:
    """What is known so far; the record is made of it, however far the run came."""

    job: Job
    world: World
    voice: Voice
    facts: dict[str, Any] = field(default_factory=dict)
    loop: Loop | None = None


def run(job: Job) -> RunRecord:
    """Do the job. Never raises for what a user can mend: the record says how it ended."""
    world = World(device=torch.device("cpu"))
    began = time.monotonic()
    this = Run(job=job, world=world, voice=Voice(heard=False))
    try:
        this.world = distributed.enter(job.plan)
        this.voice = Voice(heard=this.world.first)
        _chapters(this)
        this.facts["status"] = "trained"
    except Stopped as stop:
        hint = "kit finetune PLAN.toml --resume goes on from there"
        this.facts |= {"status": "stopped", "reason": str(stop), "hint": hint}
    except (Exception, KeyboardInterrupt) as error:
        traceback.print_exc()
        trouble = explain(error)
        cause = "run" if this.loop is not None and this.loop.done else "input"
        cause = cause if isinstance(error, Trouble) else "run" if _of_the_machine(error) else "internal"
        this.facts |= {"status": "failed", "cause": cause, "reason": trouble.message, "hint": trouble.hint}
    finally:
        distributed.leave(this.world)
    return _record(this, time.monotonic() - began)


def _of_the_machine(error: BaseException) -> bool:
    """Memory, disk and people end runs too; none of them is a defect of ours."""
    from safetensors import SafetensorError

    known = (OSError, MemoryError, KeyboardInterrupt, SafetensorError)
    return isinstance(error, known) or "memory" in str(error).lower()


def _chapters(this: Run) -> None:
    job, world = this.job, this.world
    this.facts["environment"] = recording.environment()
    this.facts["hardware"] = recording.hardware(world.device, world.processes)
    this.voice.say("chapter", name="reading data")
    loading.check_folder(Path(job.base))
    tokenizer = load_tokenizer(Path(job.base))
    lessons = read_lessons(job, tokenizer)
    planned = ordering.planned_steps(job.plan.train, len(lessons.examples))
    order = ordering.order_digest(len(lessons.examples), job.plan.train, planned)
    this.facts["data"] = {"ref": job.plan.data, **lessons.facts, "order_sha256": order}
    this.voice.say("chapter", name="loading the base")
    base = recording.payload_of(recording.digest_files(Path(job.base)))
    this.facts["base"] = {"ref": job.plan.base, **base}
    if job.base_sha256 not in ("", base["sha256"]):
        raise Trouble("the base is not the one that was judged", hint="kit audit BASE again: its files have changed")
    made = build(job, tokenizer, lessons, world)
    this.facts["fast_path"] = to_wire(made.fast)
    for reason in made.fast.refused:
        this.voice.warn(f"slower than could be: {reason}")
    with asked_to_leave() as leave:
        keeper, journal = _set_up(this, made, lessons, tokenizer, planned, leave)
        assert this.loop is not None
        try:
            this.voice.say("chapter", name="training", steps=planned, done=this.loop.done)
            evaluate_at_the_start(this.loop)
            this.loop.run()
            evaluate_at_the_end(this.loop)
        finally:
            journal.close()
            for tracker in this.loop.trackers:
                tracker.close()
    this.voice.say("chapter", name="saving")
    _save(this, made, tokenizer)
    keeper.forget()


def _set_up(
    this: Run, made: Prepared, lessons: Lessons, tokenizer: Any, planned: int, leave: Any
) -> tuple[Keeper, Journal]:
    """Optimizer, checkpoints and journal; where a run is resumed, as they were."""
    job, world, plan = this.job, this.world, this.job.plan
    unfreezing = None
    if plan.unfreeze is not None:
        unfreezing = Unfreezing(plan=plan, model=made.model)
        unfreezing.begin()
    learning, whole = methods.count_parameters(made.model)
    this.facts |= {"trainable_parameters": learning, "parameters": whole}
    this.facts["flops_per_token"] = recording.flops_per_token(made.model)
    wrapped = distributed.wrap(made.learner, world)
    named = {name: p for name, p in made.learner.named_parameters() if p.requires_grad}
    optimizer = optimizing.make_optimizer(plan, named)
    keeper = Keeper(root=Path(job.run) / "checkpoints", learner=made.learner, optimizer=optimizer, world=world, job=job)
    feed = Feed(
        plan=plan,
        examples=lessons.examples,
        planned=planned,
        packing=made.fast.packing,
        pad=tokenizer.pad_token_id or 0,
        device=world.device,
        rank=world.rank,
        processes=world.processes if world.spread else 1,
    )
    loop = Loop(
        plan=plan,
        planned=planned,
        learner=made.learner,
        wrapped=wrapped,
        optimizer=optimizer,
        feed=feed,
        world=world,
        voice=this.voice,
        save=lambda step: keeper.save(loop, this.facts),
        leave=leave,
        unfreezing=unfreezing,
        flops_per_token=this.facts["flops_per_token"],
        rated_flops=recording.rated_flops(world.device) * world.processes,
    )
    this.loop = loop
    if job.resume:
        keeper.resume(loop, this.facts, this.voice)
    journal = Journal(Path(job.run) / "metrics.jsonl", after=loop.done or -1, silent=not world.first)
    loop.journal, loop.history = journal, journal.history
    loop.trackers = trackers(plan.track, Path(job.run), to_wire(plan), this.voice.warn) if world.first else []
    if lessons.evaluation:
        loop.evaluate = lambda: evaluate(made.learner, feed, lessons.evaluation)
    if unfreezing is not None and not loop.stages:
        loop.stages.append(unfreezing.told(0))
    return keeper, journal


def _save(this: Run, made: Prepared, tokenizer: Any) -> None:
    job = this.job
    out = Path(job.out)
    tensors = distributed.gather(made.model, this.world)
    if this.world.first:
        assert this.loop is not None
        steps = this.loop.done
        parity = saving.save(
            made.model, tokenizer, job.plan, base=Path(job.base), out=out, steps=steps, tensors=tensors
        )
        this.facts["parity"] = parity
        this.facts["outputs"] = recording.digest_files(out)
    this.world.wait()


def _record(this: Run, seconds: float) -> RunRecord:
    facts: Mapping[str, Any] = {
        **this.facts,
        "plan": to_wire(this.job.plan),
        "seed": this.job.plan.train.seed,
        "seconds": round(seconds, 3),
        "warnings": tuple(this.voice.warnings),
    }
    loop = this.loop
    if loop is None:
        return RunRecord(**facts)
    return RunRecord(
        **facts,
        steps=loop.done,
        planned_steps=loop.planned,
        loss=tuple(loop.history),
        evaluations=tuple(loop.evaluations),
        stages=tuple(loop.stages),
        tokens=loop.tokens,
        learned_tokens=loop.learned,
        tokens_per_second=round(loop.pace.tokens_per_second, 1) if loop.pace else 0.0,
        mfu=round(loop.pace.mfu, 4) if loop.pace else 0.0,
        peak_memory_bytes=recording.peak_memory(this.world.device),
    )
