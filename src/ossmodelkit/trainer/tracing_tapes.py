"""Record a step of a small model as segments of allocations, with marks where linear layers run.

A tape of three blocks is enough: first, middle (repeated for every further block) and last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import checkpoint
from transformers.pytorch_utils import Conv1D

from ossmodelkit.estimating.options import Method, StepOptions
from ossmodelkit.trainer import tracing_model as models
from ossmodelkit.trainer import tracing_step as steps
from ossmodelkit.trainer.tracing_storage import StorageTape

LINEAR = (nn.Linear, Conv1D)
TO_COPY = torch.ops.aten._to_copy.default
PRODUCTS = (torch.ops.aten.mm.default, torch.ops.aten.bmm.default)


class Recorder:
    """Hooks that put marks on a tape: where blocks begin in either direction, and where linear layers run."""

    def __init__(self, model: nn.Module, tape: StorageTape) -> None:
        self.model, self.tape = model, tape
        self.backward = False
        self.names: dict[int, str] = {}  # of weights, by storage
        self.copies: dict[int, str] = {}  # of their casts, by number on the tape
        self.contiguous: dict[str, bool] = {}  # whether the weight goes back as it lies, and forward transposed
        tape.on_op = self._saw
        stacks = models.block_lists(model)
        for name, module in models.outer_linears(model):
            self._watch(name, module)
        for stack, blocks in enumerate(stacks):
            for at, block in enumerate(blocks):
                block.register_forward_pre_hook(self._enter(stack, at), with_kwargs=True)
                for name, module in block.named_modules():
                    if isinstance(module, LINEAR):
                        self._watch(name, module)
            blocks[-1].register_forward_hook(self._leave(stack, len(blocks)))

    def _watch(self, name: str, module: nn.Module) -> None:
        self.names[module.weight.untyped_storage()._cdata] = name
        self.contiguous[name] = not isinstance(module, Conv1D)

        def after(module: nn.Module, args: Any, out: torch.Tensor) -> None:
            self.tape.mark("F", name, self.tape.id_of(args[0]), self.tape.id_of(out))

        module.register_forward_hook(after)

    def _saw(self, func: Any, args: tuple[Any, ...], out: Any) -> None:
        if func is TO_COPY and (name := self._name(args[0])) is not None:
            number = self.tape.id_of(out)
            if number is not None:
                self.copies[number] = name
        elif self.backward and func in PRODUCTS:
            for weight in args[:2]:
                name = self._name(weight)
                if name is not None and weight.is_contiguous() == self.contiguous[name]:
                    self.tape.mark("G", name, None, self.tape.id_of(out))
                    return

    def _name(self, tensor: Any) -> str | None:
        if not isinstance(tensor, torch.Tensor):
            return None
        own = self.names.get(tensor.untyped_storage()._cdata)
        return own or self.copies.get(self.tape.id_of(tensor) or -1)

    def _enter(self, stack: int, at: int) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            if self.backward:
                return
            self.tape.mark("segment", f"{stack}.{at}")
            hidden = args[0] if args else kwargs["hidden_states"]
            if hidden.requires_grad:
                back = f"{stack}.{at - 1}.back" if at else f"{stack}.before.back"
                hidden.register_hook(lambda grad: self.tape.mark("segment", back))

        return hook

    def _leave(self, stack: int, count: int) -> Any:
        def hook(module: nn.Module, args: Any, out: Any) -> None:
            if self.backward:
                return
            hidden = out[0] if isinstance(out, tuple) else out
            if hidden.requires_grad:
                hidden.register_hook(lambda grad: self.tape.mark("segment", f"{stack}.{count - 1}.back"))
            self.tape.mark("segment", f"{stack}.after")

        return hook

    def turn(self) -> None:
        """The forward pass is over."""
        self.backward = True
        self.tape.mark("segment", "loss.back")


@contextmanager
def _marked_stops(tape: StorageTape) -> Iterator[None]:
    """Mark where recomputing a block stops: right after the last thing that the bare base saves."""
    before = checkpoint._StopRecomputationError

    class Stop(before):  # type: ignore[misc,valid-type]
        def __init__(self, *args: object) -> None:
            super().__init__(*args)
            tape.mark("stop")

    checkpoint._StopRecomputationError = Stop
    try:
        yield
    finally:
        checkpoint._StopRecomputationError = before


class _Flow(torch.autograd.Function):
    """The same storage, needing a gradient; unlike a leaf, nothing holds on to it or to its gradient."""

    @staticmethod
    def forward(ctx: Any, out: torch.Tensor, anchor: torch.Tensor) -> torch.Tensor:
        return out.view_as(out)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        return None, None


def let_gradients_flow(model: nn.Module, starts: Sequence[str] = (), beside: str = "") -> None:
    """Make every linear layer's output need a gradient, as an adapter on it would.

    With `starts`, the first block's layers before those of these names stay without: nothing learns below them.
    The part `beside` runs beside the rest of its block, so each of the two has a start of its own or learns nothing.
    """
    anchor = torch.empty(1, requires_grad=True)

    def hook(module: nn.Module, args: Any, out: torch.Tensor) -> torch.Tensor:
        if out.requires_grad or not torch.is_grad_enabled():
            return out
        flowing: torch.Tensor = _Flow.apply(out, anchor)
        return flowing

    for blocks in models.block_lists(model):
        for at, block in enumerate(blocks):
            begun = {True: at > 0 or not starts, False: at > 0 or not starts}
            for name, module in block.named_modules():
                side = bool(beside) and beside in name.split(".")
                begun[side] = begun[side] or name.endswith(tuple(starts))
                if isinstance(module, LINEAR) and begun[side]:
                    module.register_forward_hook(hook)


def record(
    config: Mapping[str, Any],
    options: StepOptions,
    task: str,
    *,
    frozen: bool,
    starts: Sequence[str] = (),
    beside: str = "",
) -> tuple[StorageTape, nn.Module]:
    """The tape of one step; with `frozen`, of a base whose weights all rest while gradients flow through.

    `starts` and `beside` tell where the first block begins to learn, as in `let_gradients_flow`.
    """
    model = models.build(config, options, task)
    if frozen:
        model.requires_grad_(False)
        if options.checkpointing and task == "image-classification":
            model.enable_input_require_grads()  # as peft does; models of text do it by themselves
    with FakeTensorMode(allow_non_fake_inputs=True):
        models.materialize(model)
        inputs = steps.make_inputs(model, options, task)
        tape = StorageTape()
        for tensor in (*models.static_tensors(model), *inputs.given.values()):
            if isinstance(tensor, torch.Tensor):
                tape.leave_out(tensor)
        if frozen:
            let_gradients_flow(model, starts, beside)
        learner = steps.TextbookLearner(model, options, task)
        learner.after_forward = Recorder(model, tape).turn
        tape.mark("segment", "before")
        with _marked_stops(tape), steps.under_the_tape(options, tape):
            learner(inputs).backward()
        gradients = {tape.id_of(p.grad): True for p in model.parameters() if p.grad is not None}
    tape.mark("gradients", sorted(number for number in gradients if number is not None))
    return tape, model


__all__ = ["LINEAR", "Method", "Recorder", "record"]
