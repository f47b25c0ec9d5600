"""Replay a recorded step at a model's real sizes: where it peaks, and what is alive there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ossmodelkit.estimating import coefficients
from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.coefficients import Recording, amount
from ossmodelkit.estimating.options import ADAPTERS, Dtype, Loss, Method, Quantize, StepOptions
from ossmodelkit.estimating.parameters import Linear, Targets, linears, repeats, targets
from ossmodelkit.estimating.wrapping import Choose, Open, Wrap, backward, forward

LOGITS_AT_ONCE = 32 * 1024 * 1024  # as in trainer/chunked_loss.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A segment of the step: bytes alive when it begins, at most within it, and how often it runs."""

    name: str
    phase: str
    begins: int
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The step without what is there before it: its highest moment, and what the forward pass leaves behind."""

    peak: Moment
    saved_activations: int
    at_end: int
    moments: tuple[Moment, ...]


def letters_of(model: Architecture, options: StepOptions) -> dict[str, int]:
    """Every letter of the recordings as a number."""
    known = dict(model.letters)
    known["B"] = options.batch
    known.setdefault("T", options.seq)
    known["S"] = known["T"] + options.prompt_tokens
    known["r"] = options.rank
    if "V" in known:
        learned = options.batch * (known["T"] - 1)
        at_once = max(1, LOGITS_AT_ONCE // known["V"])
        known["R"] = min(at_once, learned)
        known["W"] = min(at_once, learned - known["R"])
    return known


def replay(model: Architecture, options: StepOptions) -> Replay:
    """Run the recorded step at this model's sizes.

    Raises `NothingToJudgeError` for a variant without coefficients.
    """
    letters = letters_of(model, options)
    rows = letters["S"] if options.method is Method.PROMPT else letters["T"]
    windowed = 0 < model.window <= rows
    recorded = coefficients.recording(model.family, options, gate=model.gate, tied=model.tied, windowed=windowed)
    sizes = [0, *(amount(size, letters) for size in recorded.sizes)]
    choose = _chooser(model, options, letters)
    live = saved = 0
    moments: list[Moment] = []
    for name, deltas, times in _segments(recorded, sizes, choose, model, keeps=not options.checkpointing):
        if name == "loss.back":
            saved = live
        net, above = _sum_and_top(deltas)
        if times:
            last = live + net * (times - 1)
            begins = max(live, last)
            moments.append(Moment(name=name, phase=_phase(name), begins=begins, peak=begins + above))
            live += net * times
    return Replay(
        peak=max(moments, key=lambda one: one.peak), saved_activations=saved, at_end=live, moments=tuple(moments)
    )


def _sum_and_top(deltas: list[int]) -> tuple[int, int]:
    live = top = 0
    for change in deltas:
        live += change
        if live > top:
            top = live
    return live, top


def _segments(
    recorded: Recording, sizes: list[int], choose: Callable[[int, int], Choose], model: Architecture, *, keeps: bool
) -> Iterator[tuple[str, list[int], int]]:
    def size(number: int) -> int:
        return sizes[number] if number >= 0 else -sizes[-number]

    left: dict[str, Open] = {}
    for name, events in zip(recorded.order, recorded.events, strict=True):
        stack, _, rest = name.partition(".")
        block, _, back = rest.partition(".")
        if not (stack.isdigit() and block.isdigit()):
            yield name, [size(event) for event in events if isinstance(event, int)], 1
            continue
        wrap = choose(int(stack), int(block))
        key = f"{stack}.{block}"
        if back:
            deltas = backward(events, size, wrap, left.pop(key, Open()), keeps=keeps)
        else:
            deltas, opened = forward(events, size, wrap, keeps=keeps)
            if not keeps:
                opened = Open(wraps=_wraps(events, size, wrap))
            left[key] = opened
        yield name, deltas, repeats(int(block), model.stacks[int(stack)])


def _wraps(events: list[Any], size: Callable[[int], int], choose: Choose) -> dict[str, Wrap]:
    marks = (event for event in events if isinstance(event, list) and event[0] == "F")
    found = ((event[1], choose(event[1], size(event[2]), size(event[3]))) for event in marks)
    return {name: wrap for name, wrap in found if wrap is not None}


def _phase(name: str) -> str:
    if name.endswith("after"):
        return "head and loss"
    if name == "loss.back":
        return "backward of head and loss"
    if name.endswith("before.back"):
        return "backward of the embedding"
    return "backward" if name.endswith("back") else "forward"


def _chooser(model: Architecture, options: StepOptions, letters: dict[str, int]) -> Callable[[int, int], Choose]:
    """Which layers are wrapped, and in what."""
    laid = options.method in ADAPTERS and not coefficients.whole_lora(model.family, options)
    wrapped = targets(model, options) if laid else Targets(names=frozenset())
    if not wrapped.names and options.quantize is Quantize.NONE:
        return lambda stack, block: lambda name, given, made: None
    rows = letters["B"] * (letters["S"] if options.method is Method.PROMPT else letters["T"])
    by_name = {(linear.stack, linear.name): linear for linear in linears(model)}
    known: dict[tuple[str, bool], Wrap | None] = {}

    def choose(stack: int, name: str, given: int, made: int) -> Wrap | None:
        name = name.removesuffix(".base_layer")
        linear = by_name.get((stack, name))
        if linear is None or (name not in wrapped.names and (options.quantize is Quantize.NONE or linear.conv)):
            return None
        narrow = options.dtype is not Dtype.FP32
        wide = given == rows * linear.inputs * 4 if given else not narrow
        if (name, wide) not in known:
            known[name, wide] = _wrap(linear, wrapped, options, rows, wide=wide)
        return known[name, wide]

    return lambda stack, block: partial(choose, stack)


def _wrap(linear: Linear, chosen: Targets, options: StepOptions, rows: int, *, wide: bool) -> Wrap:
    profiles = coefficients.load("adapters")["profiles"]
    kind = "conv1d" if linear.conv else "linear"
    held = Quantize.NONE if linear.conv else options.quantize
    precision = coefficients.precision(options)
    width = 4 if wide else 2
    adapter = Dtype.FP32 if options.adapter_dtype is Dtype.FP32 else Dtype.BF16
    name = "plain"
    if linear.name in chosen.names:
        name = {Method.IA3: "ia3", Method.DORA: "dora"}.get(options.method, "lora")
        name += "-ff" if linear.name in chosen.feedforward else ""
    if name == "dora" and held is Quantize.NF4:
        held = Quantize.INT8  # both unpack the whole weight to take its norm
    if name == "plain":
        adapter = Dtype.FP32
    letters = {"n": rows, "i": linear.inputs, "o": linear.outputs, "r": options.rank}
    found = profiles[f"{name}/{kind}/{held}/{precision}/{width}/{adapter}"]
    bare = profiles[f"plain/{kind}/none/{precision}/{width}/fp32"]
    out_width = 4 if options.dtype is Dtype.FP32 and "autocast" not in precision else 2
    output = rows * linear.outputs * out_width
    return Wrap(
        forward=tuple(amount(size, letters) for size in found["forward"]),
        backward=tuple(amount(size, letters) for size in found["backward"]),
        retains=found["retains"],
        input_bytes=rows * linear.inputs * width,
        output_bytes=output,
        bare_saved=sum(amount(size, letters) for size in bare["forward"]) - output,
    )


__all__ = ["Loss", "Moment", "Replay", "letters_of", "replay"]
