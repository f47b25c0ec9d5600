"""Optimizers by what they allocate: torch's own, and block-wise 8-bit states by arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from ossmodelkit.estimating import optimizing
from ossmodelkit.estimating.options import Optimizer, StepOptions
from ossmodelkit.estimating.parameters import Tensor as Shape
from ossmodelkit.trainer.step import learning
from ossmodelkit.trainer.tracing_sharding import local
from ossmodelkit.trainer.tracing_storage import StorageTape


class EightBit(torch.optim.SGD):
    """A step that allocates nothing; its states are counted, not made."""

    def step(self, closure: Any = None) -> None:
        """The kernel works in place."""


MAKERS: dict[Optimizer, Callable[[list[nn.Parameter]], torch.optim.Optimizer]] = {
    Optimizer.ADAMW: lambda learns: torch.optim.AdamW(learns, fused=True),
    Optimizer.ADAMW_FOREACH: lambda learns: torch.optim.AdamW(learns, foreach=True),
    Optimizer.SGD: lambda learns: torch.optim.SGD(learns, foreach=False),
    Optimizer.ADAFACTOR: torch.optim.Adafactor,
    Optimizer.ADAMW8BIT: EightBit,
    Optimizer.PAGED_ADAMW8BIT: EightBit,
}


def make(model: nn.Module, options: StepOptions) -> torch.optim.Optimizer:
    """The optimizer of the options over what learns."""
    return MAKERS[options.optimizer](learning(model.parameters()))


def make_states(optimizer: torch.optim.Optimizer, kind: Optimizer, tape: StorageTape) -> int:
    """Let the states exist before the step that is traced; their bytes on the card."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    if isinstance(optimizer, EightBit):
        return sum(_counted(kind, parameter) for parameter in parameters)
    for parameter in parameters:
        parameter.grad = torch.empty_like(parameter)
    with StorageTape(keep=False):
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return sum(_left_out(tape, state.values()) for state in optimizer.state.values())


def _counted(kind: Optimizer, parameter: nn.Parameter) -> int:
    shape = Shape(name="", shape=tuple(local(parameter).shape))
    return optimizing.state_bytes(kind, [shape], parameter.element_size())


def _left_out(tape: StorageTape, items: Iterable[Any]) -> int:
    tensors = [local(item) for item in items if isinstance(item, torch.Tensor)]
    for tensor in tensors:
        tape.leave_out(tensor)
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors)
