"""Gradual unfreezing: the head learns first, then groups of blocks from the top down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from ossmodelkit.core.plan import Plan, Unfreeze
from ossmodelkit.trainer.optimizing import Group, parameter_groups
from ossmodelkit.trainer.troubles import Trouble

EMBEDDINGS = ("embed", "embd", "wte", "wpe")


def stages(model: nn.Module, unfreeze: Unfreeze) -> list[tuple[str, list[str]]]:
    """Names of parameters by stage: head and final norms, block groups from the top, embeddings.

    Raises `Trouble` when the model has no list of blocks.
    """
    prefix, count = _blocks(model)
    names = [name for name, _ in model.named_parameters()]
    size = -(-count // min(unfreeze.groups, count))
    found: list[tuple[str, list[str]]] = []
    for stop in range(count, 0, -size):
        start = max(0, stop - size)
        wanted = tuple(f"{prefix}.{index}." for index in range(start, stop))
        found.append((f"blocks {start}-{stop - 1}", [name for name in names if name.startswith(wanted)]))
    inside = {name for _, group in found for name in group}
    low = [name for name in names if name not in inside and any(word in name for word in EMBEDDINGS)]
    head = [name for name in names if name not in inside and name not in low]
    if not head:  # A tied head is the embedding: then the topmost blocks begin.
        return [*found, ("embeddings", low)] if unfreeze.embeddings else found
    return [("head", head), *found, *([("embeddings", low)] if unfreeze.embeddings and low else [])]


def _blocks(model: nn.Module) -> tuple[str, int]:
    lists = [(name, len(m)) for name, m in model.named_modules() if isinstance(m, nn.ModuleList) and len(m) > 1]
    outer = [(name, n) for name, n in lists if not any(name.startswith(other + ".") for other, _ in lists)]
    if not outer:
        raise Trouble("this model has no list of blocks to unfreeze by", hint="leave [unfreeze] out")
    return max(outer, key=lambda found: found[1])


@dataclass(slots=True, kw_only=True)
class Unfreezing:
    """Where the schedule stands. `state` and `restore` make it part of a checkpoint."""

    plan: Plan
    model: nn.Module
    prefix: str = ""
    stages: list[tuple[str, list[str]]] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)
    best: float = float("inf")
    stale: int = 0

    def begin(self) -> None:
        """Freeze everything but the first stage."""
        assert self.plan.unfreeze is not None
        self.stages = stages(self.model, self.plan.unfreeze)
        self.model.requires_grad_(False)
        self._thaw(0, 0)

    def due(self, step: int) -> bool:
        """Whether the next stage joins before `step`."""
        rule = self.plan.unfreeze
        assert rule is not None
        if len(self.joined) >= len(self.stages) or step == 0:
            return False
        return step % rule.every == 0 if rule.every else self.stale >= rule.plateau

    def saw(self, loss: float) -> None:
        """Take note of a loss, for the plateau."""
        if loss < self.best * 0.999:
            self.best, self.stale = loss, 0
        else:
            self.stale += 1

    def advance(self, optimizer: torch.optim.Optimizer, step: int) -> dict[str, Any]:
        """Let the next stage join; tells what learns from now on."""
        index = len(self.joined)
        named = self._thaw(index, step)
        for group in parameter_groups(self.plan, named, self.group(index)):
            optimizer.add_param_group(group)
        return self.told(index)

    def told(self, index: int) -> dict[str, Any]:
        """A stage for the record."""
        name, names = self.stages[index]
        learning = sum(1 for p in self.model.parameters() if p.requires_grad)
        return {"stage": name, "step": self.joined[index], "tensors": len(names), "learning": learning}

    def group(self, index: int) -> Group:
        """How fast stage `index` learns."""
        rule = self.plan.unfreeze
        assert rule is not None
        joined, warmup = self.joined[index], rule.warmup if index else 0
        return Group(name=self.stages[index][0], joined=joined, warmup=warmup, scale=rule.decay**index)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"joined": self.joined, "best": self.best, "stale": self.stale}

    def restore(self, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
        """Let the stages of a checkpoint join again."""
        for step in state["joined"][1:]:
            self.advance(optimizer, int(step))
        self.best, self.stale = float(state["best"]), int(state["stale"])

    def _thaw(self, index: int, step: int) -> dict[str, nn.Parameter]:
        wanted = set(self.stages[index][1])
        named = {name: p for name, p in self.model.named_parameters() if name in wanted}
        for parameter in named.values():
            parameter.requires_grad_(True)
        self.joined.append(step)
        self.stale, self.best = 0, float("inf")
        return named
