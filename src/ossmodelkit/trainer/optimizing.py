"""How fast which weights learn at which step: pure functions of the step, so nothing has to be saved."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from ossmodelkit.core.plan import Plan, Train


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Parameters that joined together: at which step, with which share of the learning rate."""

    name: str
    joined: int = 0
    warmup: int = 0
    scale: float = 1.0


def make_optimizer(plan: Plan, named: dict[str, nn.Parameter]) -> torch.optim.AdamW:
    """Fused AdamW over `named`; weight decay spares vectors (norms, biases, scales).

    A domain head learns faster than the features it judges: one that lags behind is fooled by turning its
    answers round, and tells nothing about the features.
    """
    judges = {name: p for name, p in named.items() if name.startswith("judge.")}
    others = {name: p for name, p in named.items() if name not in judges}
    groups = parameter_groups(plan, others, Group(name="all"))
    return torch.optim.AdamW(
        groups
        + parameter_groups(plan, judges, Group(name="domain head", scale=plan.domain.pace if plan.domain else 1.0)),
        lr=plan.learning_rate,
        betas=(0.9, 0.999),
        fused=True,
    )


def parameter_groups(plan: Plan, named: dict[str, nn.Parameter], group: Group) -> list[dict[str, object]]:
    """One group that decays and one that does not, both marked with `group`."""
    matrices = [p for p in named.values() if p.ndim > 1]
    vectors = [p for p in named.values() if p.ndim <= 1]
    decay = plan.train.weight_decay
    both = ({"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0})
    return [{**one, "kit": group} for one in both if one["params"]]


def set_learning_rate(optimizer: torch.optim.Optimizer, plan: Plan, step: int, planned: int) -> float:
    """Set every group's learning rate for `step`; gives back the schedule's own."""
    rate = plan.learning_rate * shape(plan.train, step, planned)
    for settings in optimizer.param_groups:
        group: Group = settings["kit"]
        since = step - group.joined
        warm = min(1.0, (since + 1) / group.warmup) if group.warmup else 1.0
        settings["lr"] = rate * group.scale * warm
    return rate


def shape(train: Train, step: int, planned: int) -> float:
    """The schedule as a factor: a linear warm-up, then cosine or linear to 0, or constant."""
    warmup = int(train.warmup * planned)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if train.schedule == "constant":
        return 1.0
    progress = (step - warmup) / max(1, planned - warmup)
    if train.schedule == "linear":
        return 1.0 - progress
    return 0.5 * (1.0 + math.cos(math.pi * progress))
