"""The training loop, readable from top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ossmodelkit.core.plan import Plan
from ossmodelkit.trainer.distributed import World
from ossmodelkit.trainer.events import Voice
from ossmodelkit.trainer.feeding import Feed
from ossmodelkit.trainer.learning import Learner
from ossmodelkit.trainer.metrics import Journal, Pace
from ossmodelkit.trainer.optimizing import set_learning_rate
from ossmodelkit.trainer.recording import peak_memory
from ossmodelkit.trainer.step import train_step
from ossmodelkit.trainer.tracking import Tracker
from ossmodelkit.trainer.troubles import Stopped, Trouble
from ossmodelkit.trainer.unfreezing import Unfreezing

FIRST_STEPS = 5


@dataclass(slots=True, kw_only=True)
class Loop:
    """Everything a run needs while it runs; built in `running.py`.

    `save` writes a checkpoint after so many steps; `leave` says whether somebody asked us to stop.
    """

    plan: Plan
    planned: int
    learner: Learner
    wrapped: torch.nn.Module
    optimizer: torch.optim.Optimizer
    feed: Feed
    world: World
    voice: Voice
    save: Callable[[int], None]
    leave: Callable[[], bool]
    journal: Journal | None = None
    trackers: list[Tracker] = field(default_factory=list)
    evaluate: Callable[[], dict[str, float]] | None = None
    unfreezing: Unfreezing | None = None
    done: int = 0
    tokens: int = 0
    learned: int = 0
    first_loss: list[float] = field(default_factory=list)
    smooth_loss: float = 0.0
    history: list[tuple[int, float]] = field(default_factory=list)
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    flops_per_token: float = 0.0
    rated_flops: float = 0.0
    pace: Pace | None = None

    def run(self) -> None:
        """Train to the end. Raises `Stopped` when asked to leave and `Trouble` when it makes no sense to go on."""
        self.pace = Pace(self.planned, self.done, flops=self.flops_per_token, rated=self.rated_flops)
        self.wrapped.train()
        while self.done < self.planned:
            self._one_step(self.done)
            due = self.plan.train.checkpoint_every
            leaving = self.world.agree(self.leave())
            if leaving or (due and self.done % due == 0 and self.done < self.planned):
                self.save(self.done)
            if leaving:
                raise Stopped(self.done)

    def _one_step(self, step: int) -> None:
        if self.unfreezing is not None and self.unfreezing.due(step):
            self._unfreeze(step)
        seed_step(self.plan.train.seed, step, self.world.rank)
        self.learner.progress = step / self.planned
        rate = set_learning_rate(self.optimizer, self.plan, step, self.planned)
        batches, weight, tokens = self.feed.taken(step)
        loss, norm = train_step(
            self.wrapped,
            self.optimizer,
            batches,
            weight=weight,
            clip=self.plan.train.clip,
            processes=self.world.averaging,
        )
        self.done, self.tokens, self.learned = step + 1, self.tokens + tokens, self.learned + int(weight)
        assert self.pace is not None
        self.pace.step(tokens)
        if self.done < self.planned:  # While a card still works on this step.
            self.feed.prepare(self.done)
        self._tell(self.world.sum(loss), norm, rate, batches)
        every = self.plan.train.evaluate_every
        if self.evaluate is not None and every and self.done % every == 0:
            self.evaluate_now()

    def _tell(self, loss: Tensor, norm: Tensor, rate: float, batches: list[Any]) -> None:
        found, size = float(loss), float(norm)
        self._judge(found, size)
        self.history.append((self.done, found))
        if self.unfreezing is not None:
            self.unfreezing.saw(found)
        assert self.pace is not None
        facts: dict[str, Any] = {"step": self.done, "loss": found, "gradient_norm": size, "learning_rate": rate}
        facts |= self._notes(batches)
        timed = {**self.pace.told(), "memory_bytes": peak_memory(self.world.device)}
        if self.journal is not None:
            self.journal.log({**facts, **timed, "time": round(time.time(), 3)})
        for tracker in self.trackers:
            tracker.log({**facts, **timed}, self.done)
        self.voice.say("step", total=self.planned, **facts, **timed)

    def _notes(self, batches: list[Any]) -> dict[str, float]:
        """Extras of the last micro-batch: accuracies as shares, divergences as means."""
        rows = batches[-1].weight or 1
        names = {"right": "accuracy", "domain_right": "domain_accuracy"}
        return {names.get(key, key): float(value) / rows for key, value in self.learner.notes.items()}

    def _judge(self, loss: float, norm: float) -> None:
        lines = ", ".join(map(str, self.feed.rows(self.done - 1)[:8]))
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise Trouble(
                f"the {'loss' if not math.isfinite(loss) else 'gradient'} is not a number at step {self.done}",
                hint=f"lower train.lr (now {self.plan.learning_rate:g}), or look at lines {lines} of the data",
            )
        self.smooth_loss = loss if not self.smooth_loss else 0.9 * self.smooth_loss + 0.1 * loss
        if len(self.first_loss) < FIRST_STEPS:
            self.first_loss.append(loss)
            return
        began = sum(self.first_loss) / len(self.first_loss)
        if self.smooth_loss > max(self.plan.train.diverged_at * began, began + 1.0):
            raise Trouble(
                f"the loss has risen from {began:.2f} to {self.smooth_loss:.2f} by step {self.done}: it diverges",
                hint=f"lower train.lr (now {self.plan.learning_rate:g}) by a factor of 3 to 10, or raise train.warmup",
            )

    def _unfreeze(self, step: int) -> None:
        assert self.unfreezing is not None
        stage = self.unfreezing.advance(self.optimizer, step)
        self.stages.append(stage)
        self.voice.say("stage", **stage)

    def evaluate_now(self) -> None:
        """Measure on the held-out rows, and take note."""
        assert self.evaluate is not None
        found = {"step": self.done, **self.evaluate()}
        self.wrapped.train()
        self.evaluations.append(found)
        if self.journal is not None:
            self.journal.log({**found, "time": round(time.time(), 3)})
        self.voice.say("evaluation", **found)


def seed_step(seed: int, step: int, rank: int) -> None:
    """Chance inside a step (dropout) is a function of seed, step and process: nothing to save, nothing to lose."""
    torch.manual_seed((seed * 1_000_003 + step * 1_009 + rank) % 2**63)
