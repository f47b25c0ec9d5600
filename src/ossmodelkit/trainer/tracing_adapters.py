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


def profile(
    options: StepOptions, *, conv: bool, feedforward: bool, wide_input: bool, bias: bool = False
) -> dict[str, Any]:
    """Events of one layer forward, backward, and forward where it is recomputed later (`resting`).

    The input's own storage is left out, and told apart by `retains`. `again` says how many of the forward events
    recomputing repeats before it has all that is saved, `early` how many of the backward events need nothing saved,
    `lets_go` how many run before the input is freed.
    """
    kind = torch.float32 if wide_input else models.TORCH[_narrow(options)]
    model = _module(options, conv=conv, feedforward=feedforward, bias=bias)
    with FakeTensorMode(allow_non_fake_inputs=True):
        models.materialize(model)
        tape, held = _passes(model, kind, options)
        whole = _told(tape, held)
        again, early = _at_what_is_saved(model, kind, options)
        resting = _resting(model, kind, options)
    return {**whole, "again": again, "early": early, "resting": resting}


def _passes(model: nn.Module, kind: torch.dtype, options: StepOptions) -> tuple[StorageTape, int | None]:
    """The tape of both passes, and the number of the input on it."""
    leaf = torch.empty(1, ROWS, IN, dtype=kind, requires_grad=True)
    tape = _tape(model, leaf)
    with tape:
        held = _run(model, leaf, options, tape)
    return tape, held


def _at_what_is_saved(model: nn.Module, kind: torch.dtype, options: StepOptions) -> tuple[int, int]:
    """Forward events before the last thing is saved, and backward events before the first is taken back."""
    leaf = torch.empty(1, ROWS, IN, dtype=kind, requires_grad=True)
    tape = _tape(model, leaf)

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        tape.mark("saved")
        return tensor.detach()

    def unpack(tensor: torch.Tensor) -> torch.Tensor:
        tape.mark("taken")
        return tensor

    with tape, torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        held = _run(model, leaf, options, tape)
    marks = _marks(tape)
    inside = [at for at, event in enumerate(tape.events) if event[0] == "saved" and at < marks["leave"]]
    outside = [at for at, event in enumerate(tape.events) if event[0] == "taken" and at > marks["output ready"]]
    last = max(inside[-1] if inside else 0, marks["enter"])
    first = min(outside[0] if outside else marks["input ready"], marks["input ready"])
    return (
        len(_between(tape, "enter", "leave", held, before=last)),
        len(_between(tape, "output ready", "input ready", held, before=first)),
    )


def _resting(model: nn.Module, kind: torch.dtype, options: StepOptions) -> list[list[Any]]:
    """Events of a forward pass that saves nothing; autocast keeps its casts of what learns until it ends."""
    leaf = torch.empty(1, ROWS, IN, dtype=kind)
    tape = _tape(model, leaf)
    with tape, _precision(options):
        tape.mark("enter")
        with torch.no_grad():
            out = model(leaf)
        tape.mark("leave")
        del out
    return _between(tape, "enter", "leave", None)


def _tape(model: nn.Module, leaf: torch.Tensor) -> StorageTape:
    tape = StorageTape()
    for tensor in (*models.static_tensors(model), leaf):
        tape.leave_out(tensor)
    return tape


def _precision(options: StepOptions) -> Any:
    return torch.autocast("cpu", torch.bfloat16, enabled=options.autocast is not Autocast.NONE)


def _narrow(options: StepOptions) -> Dtype:
    """What a narrow input is: of the type that products run in, which made it."""
    return options.dtype if options.autocast is Autocast.NONE else Dtype.BF16


def _module(options: StepOptions, *, conv: bool, feedforward: bool, bias: bool) -> nn.Module:
    import peft

    dtype = models.TORCH[options.dtype]
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer: nn.Module = Conv1D(OUT, IN) if conv else nn.Linear(IN, OUT, bias=bias)
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
    x = leaf * 1.0
    number = tape.id_of(x)
    x.register_hook(lambda grad: tape.mark("input ready"))
    tape.mark("enter")
    with _precision(options):
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


def _told(tape: StorageTape, held: int | None) -> dict[str, Any]:
    marks = _marks(tape)
    freed = next((at for at, event in enumerate(tape.events) if event == ("-", held)), 0)
    backward = _between(tape, "output ready", "input ready", held)
    retains = freed > marks["dropped"]
    inside = retains and marks["output ready"] < freed < marks["input ready"]
    return {
        "forward": _between(tape, "enter", "leave", held),
        "backward": backward,
        "retains": retains,
        "lets_go": len(_between(tape, "output ready", "input ready", held, before=freed)) if inside else len(backward),
    }


def _marks(tape: StorageTape) -> dict[str, int]:
    return {event[0]: at for at, event in enumerate(tape.events) if event[0] not in "+-"}


def _between(tape: StorageTape, first: str, last: str, held: int | None, *, before: int | None = None) -> list[Any]:
    """Births and deaths between two marks (and before a place), without those of `held`."""
    marks = _marks(tape)
    part = tape.events[marks[first] : marks[last] if before is None else before]
    return [_delta(tape, event) for event in part if event[0] in "+-" and event[1] != held]


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
