"""Save a run and go on from there, exactly: the loop's side of checkpoints."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ossmodelkit.core.training import Job
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.trainer import checkpoint
from ossmodelkit.trainer.distributed import World, whole_tensors
from ossmodelkit.trainer.events import Voice
from ossmodelkit.trainer.learning import Learner
from ossmodelkit.trainer.loop import Loop
from ossmodelkit.trainer.troubles import Trouble

# What may differ between the plan that began a run and the one that resumes it.
FREE = {"devices", "track", "speed", "out", "merge"}
FREE_TRAIN = {"micro_batch", "micro_tokens", "checkpoint_every", "keep_checkpoints", "evaluate_every", "diverged_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """The checkpoints of one run."""

    root: Path
    learner: Learner
    optimizer: torch.optim.Optimizer
    world: World
    job: Job

    def save(self, loop: Loop, facts: dict[str, Any]) -> None:
        """Write a checkpoint; every process takes part, the first one writes."""
        tensors = {
            "learned.safetensors": whole_tensors(checkpoint.learned_tensors(self.learner)),
            "optimizer.safetensors": whole_tensors(checkpoint.moments(self.learner, self.optimizer)),
        }
        if self.world.first:
            if loop.journal is not None:
                loop.journal.keep()
            state = {
                "step": loop.done,
                "plan": to_wire(self.job.plan),
                "base": facts["base"]["sha256"],
                "data": facts["data"]["sha256"],
                "order": facts["data"]["order_sha256"],
                "tokens": loop.tokens,
                "learned": loop.learned,
                "first_loss": loop.first_loss,
                "smooth_loss": loop.smooth_loss,
                "evaluations": loop.evaluations,
                "stages": loop.stages,
                "unfreezing": loop.unfreezing.state() if loop.unfreezing else None,
                "resumed_from": facts.get("resumed_from", ()),
            }
            checkpoint.write(self.root, loop.done, tensors, state)
            checkpoint.prune(self.root, self.job.plan.train.keep_checkpoints)
            loop.voice.say("checkpoint", step=loop.done)
        self.world.wait()

    def resume(self, loop: Loop, facts: dict[str, Any], voice: Voice) -> None:
        """Put the newest whole checkpoint back; without one, the run begins at its beginning.

        Raises `Trouble` when base, data or plan are not those of the checkpoint.
        """
        found = checkpoint.newest(self.root, voice.warn)
        if found is None:
            voice.warn("no whole checkpoint was found: the run begins at step 0")
            return
        state = found.state
        self._compare(state, facts)
        if loop.unfreezing is not None:
            loop.unfreezing.restore(self.optimizer, state["unfreezing"])
        checkpoint.restore_learned(self.learner, found.folder / "learned.safetensors")
        checkpoint.restore_moments(self.learner, self.optimizer, found.folder / "optimizer.safetensors")
        loop.done, loop.tokens, loop.learned = found.step, state["tokens"], state["learned"]
        loop.first_loss, loop.smooth_loss = list(state["first_loss"]), state["smooth_loss"]
        loop.evaluations, loop.stages = list(state["evaluations"]), list(state["stages"])
        facts["resumed_from"] = (*state["resumed_from"], found.step)
        voice.say("resumed", step=found.step)

    def forget(self) -> None:
        """The run is complete: its checkpoints have done their work."""
        if self.world.first:
            shutil.rmtree(self.root, ignore_errors=True)

    def _compare(self, state: Any, facts: dict[str, Any]) -> None:
        before, now = _fixed(state["plan"]), _fixed(to_wire(self.job.plan))
        changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        mine = {
            "base": facts["base"]["sha256"],
            "data": facts["data"]["sha256"],
            "order": facts["data"]["order_sha256"],
        }
        changed += [name for name, value in mine.items() if state[name] != value and name not in changed]
        if changed:
            raise Trouble(
                f"the checkpoint of step {state['step']} is of another run: {', '.join(changed)} changed",
                hint="put it back as it was, or begin anew with --force",
            )


def _fixed(plan: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in plan.items() if name not in FREE}
    kept["train"] = {name: value for name, value in plan["train"].items() if name not in FREE_TRAIN}
    return kept
