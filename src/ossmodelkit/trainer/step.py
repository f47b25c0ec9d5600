"""One optimizer step: the same function trains, and is traced to estimate its memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from ossmodelkit.trainer.batching import Batch


def train_step(
    learner: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Sequence[Batch],
    *,
    weight: float,
    clip: float,
    processes: int = 1,
) -> tuple[Tensor, Tensor]:
    """Learn from `batches` (the micro-batches of this process) once; (loss, gradient norm) before the step.

    `weight` is the number of learned tokens or rows of the whole step over all processes. DDP and FSDP2
    average gradients over processes, so each contribution is multiplied by their number.
    """
    total = torch.zeros((), dtype=torch.float32, device=batches[0].tokens.device)
    for number, batch in enumerate(batches, 1):
        with _in_step(learner, last=number == len(batches)):
            loss = learner(batch) / weight
            (loss * processes if processes > 1 else loss).backward()
        total += loss.detach()
    norm = torch.nn.utils.clip_grad_norm_(learning(learner.parameters()), clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total, _whole(norm)


def learning(parameters: Iterable[nn.Parameter]) -> list[nn.Parameter]:
    """Those that learn."""
    return [parameter for parameter in parameters if parameter.requires_grad]


def _in_step(learner: nn.Module, *, last: bool) -> AbstractContextManager[object]:
    """Exchange gradients once a step, after the last micro-batch."""
    if hasattr(learner, "set_requires_gradient_sync"):
        learner.set_requires_gradient_sync(last)
        return nullcontext()
    if not last and hasattr(learner, "no_sync"):
        waiting: AbstractContextManager[object] = learner.no_sync()
        return waiting
    return nullcontext()


def _whole(norm: Tensor) -> Tensor:
    whole = getattr(norm, "full_tensor", None)
    return whole() if whole is not None else norm
