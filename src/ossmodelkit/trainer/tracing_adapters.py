"""What wrapping one linear layer adds to a step: the events of a single adapted layer, forward and backward.

Letters: n rows, i inputs, o outputs, r rank.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers.pytorch_utils import Conv1D

from ossmodelkit.estimating.options import Autocast, Dtype, Method, Quantize, StepOptions
from ossmodelkit.trainer import tracing_model as models
from ossmodelkit.trainer.tracing_storage import StorageTape

ROWS, IN, OUT, RANK = 1009, 8 * 211, 8 * 127, 43
PRIMES = {1009: ("n", 1009), 211: ("i", IN), 127: ("o", OUT), 43: ("r", RANK)}


class _One(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.config: dict[str, Any] = {"model_type": "none"}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The layer alone."""
        out: torch.Tensor = self.layer(x)
        return out


def profile(options: StepOptions, *, conv: bool, feedforward: bool, wide_input: bool) -> dict[str, Any]:
    """Forward and backward events of one layer; the input's own storage is left out, and told apart by `retains`."""
    model = _module(options, conv=conv, feedforward=feedforward)
    with FakeTensorMode(allow_non_fake_inputs=True):
        models.materialize(model)
        tape = StorageTape()
        kind = torch.float32 if wide_input else models.TORCH[_narrow(options)]
        leaf = torch.empty(1, ROWS, IN, dtype=kind, requires_grad=True)
        for tensor in (*models.static_tensors(model), leaf):
            tape.leave_out(tensor)
        with tape:
            held = _run(model, leaf, options, tape)
        grads = sum(p.grad.untyped_storage().nbytes() for p in model.parameters() if p.grad is not None)
    return _told(tape, held, grads)


def _narrow(options: StepOptions) -> Dtype:
    """What a narrow input is: of the type that products run in, or of the weights' where they are fp16."""
    if options.autocast is Autocast.NONE or options.dtype is Dtype.FP16:
        return options.dtype
    return Dtype.BF16


def _module(options: StepOptions, *, conv: bool, feedforward: bool) -> nn.Module:
    import peft

    dtype = models.TORCH[options.dtype]
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer: nn.Module = Conv1D(OUT, IN) if conv else nn.Linear(IN, OUT, bias=False)
        model: nn.Module = _One(layer.to(dtype))
        model.requires_grad_(False)
        if options.quantize is not Quantize.NONE:
            models.pack(model, options.quantize)
        if options.method is Method.IA3:
            names = ["layer"]
            ia3 = peft.IA3Config(target_modules=names, feedforward_modules=names if feedforward else [])
            model = peft.get_peft_model(model, ia3)
        elif options.method is not Method.FULL:
            dora = options.method is Method.DORA
            lora = peft.LoraConfig(r=RANK, target_modules=["layer"], use_dora=dora, lora_dropout=0.0)
            model = peft.get_peft_model(model, lora)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(models.TORCH[options.adapter_dtype])
    return model.train()


def _run(model: nn.Module, leaf: torch.Tensor, options: StepOptions, tape: StorageTape) -> int | None:
    context = torch.autocast("cpu", torch.bfloat16, enabled=options.autocast is not Autocast.NONE)
    x = leaf * 1.0
    number = tape.id_of(x)
    x.register_hook(lambda grad: tape.mark("input ready"))
    tape.mark("enter")
    with context:
        y = model(x)
    tape.mark("leave")
    del x
    y.register_hook(lambda grad: tape.mark("output ready"))
    tape.mark("dropped")
    z = y * 1.0
    del y
    loss = z.sum()
    del z
    loss.backward()
    return number


def _told(tape: StorageTape, held: int | None, grads: int) -> dict[str, Any]:
    marks = {event[0]: at for at, event in enumerate(tape.events) if event[0] not in "+-"}
    forward = tape.events[marks["enter"] : marks["leave"]]
    backward = tape.events[marks["output ready"] : marks["input ready"]]
    return {
        "forward": [_delta(tape, event) for event in forward if event[0] in "+-" and event[1] != held],
        "backward": [_delta(tape, event) for event in backward if event[0] in "+-" and event[1] != held],
        "retains": ("-", held) in tape.events[marks["dropped"] :],
    }


def _delta(tape: StorageTape, event: tuple[Any, ...]) -> list[Any]:
    _, _, size = tape.sizes[event[1]]
    letters: list[str] = []
    scale, rest = 1.0, size
    for prime, (letter, value) in PRIMES.items():
        while rest and rest % prime == 0:
            rest //= prime
            letters.append(letter)
            scale *= prime / value
    sign = 1 if event[0] == "+" else -1
    return [round(sign * scale * rest, 9), " ".join(sorted(letters))]
