"""Optimizers by what they allocate: the real ones where fake tensors can run them, stand-ins for fused kernels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from ossmodelkit.estimating import optimizing
from ossmodelkit.estimating.options import Optimizer, StepOptions
from ossmodelkit.estimating.parameters import Tensor as Shape
from ossmodelkit.trainer.tracing_sharding import local
from ossmodelkit.trainer.tracing_storage import StorageTape


class Stepper:
    """Steps, and counts the states it made before the step that is traced."""

    def __init__(self, parameters: Iterable[nn.Parameter], kind: Optimizer) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.kind = kind
        self.inner: Any = None
        if kind is Optimizer.ADAMW_FOREACH:
            self.inner = torch.optim.AdamW(self.parameters, foreach=True)
        elif kind is Optimizer.SGD:
            self.inner = torch.optim.SGD(self.parameters, foreach=False)

    def make_states(self, tape: StorageTape) -> int:
        """Make the states outside the tape; their bytes on the card."""
        if self.inner is None:
            shapes = [Shape(name="", shape=tuple(local(parameter).shape)) for parameter in self.parameters]
            widths = [parameter.element_size() for parameter in self.parameters]
            pairs = zip(shapes, widths, strict=True)
            return sum(optimizing.state_bytes(self.kind, [shape], width) for shape, width in pairs)
        for parameter in self.parameters:
            parameter.grad = torch.empty_like(parameter)
        self.inner.step()
        self.zero_grad()
        total = 0
        for state in self.inner.state.values():
            for item in state.values():
                if isinstance(item, torch.Tensor):
                    tape.leave_out(local(item))
                    total += local(item).untyped_storage().nbytes()
        return total

    def step(self) -> None:
        """One step; fused and block-wise kernels allocate nothing."""
        if self.inner is not None:
            self.inner.step()
        elif self.kind is Optimizer.ADAFACTOR:
            self._adafactor()

    def _adafactor(self) -> None:
        """The temporaries of torch's Adafactor, which reads a number back and so cannot run on fake tensors."""
        for parameter in self.parameters:
            if parameter.grad is None:
                continue
            squared = parameter.grad * parameter.grad if parameter.dim() < 2 else None
            estimate = torch.empty_like(parameter)
            update = estimate * parameter.grad
            del squared, estimate, update

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients."""
        for parameter in self.parameters:
            parameter.grad = None


def make(model: nn.Module, options: StepOptions) -> Stepper:
    """The optimizer of the options over what learns."""
    return Stepper(model.parameters(), options.optimizer)
