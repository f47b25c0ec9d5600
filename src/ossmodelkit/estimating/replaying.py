"""Replay a recorded step at a model's real sizes: where it peaks, and what is alive there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from ossmodelkit.estimating import coefficients
from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.coefficients import amount
from ossmodelkit.estimating.layering import Block
from ossmodelkit.estimating.options import ADAPTERS, Attention, Autocast, Dtype, Method, Quantize, StepOptions
from ossmodelkit.estimating.parameters import Linear, Targets, at_place, linears, stays_plain, targets
from ossmodelkit.estimating.scenes import ChooseIn, Scene
from ossmodelkit.estimating.wrapping import Wrap

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
        learned = _learned(model, options)
        at_once = max(1, LOGITS_AT_ONCE // known["V"])
        known["R"] = min(at_once, learned)
        known["W"] = min(at_once, learned - known["R"])
    return known


def _learned(model: Architecture, options: StepOptions) -> int:
    """Rows of logits: next tokens are learned of all but the first one of a row, and packed rows are one."""
    if model.task != "causal-lm":
        return options.tokens
    return options.tokens - (1 if options.attention is Attention.VARLEN else options.batch)


def replay(model: Architecture, options: StepOptions) -> Replay:
    """Run the recorded step at this model's sizes.

    Raises `NothingToJudgeError` for a variant without coefficients.
    """
    letters = letters_of(model, options)
    scenes = {block: _scene(model, options, letters, block) for block in dict.fromkeys(model.blocks or (Block(),))}
    live = saved = 0
    everywhere = _everywhere(scenes)
    casts = -sum(map(everywhere.bare_casts, everywhere.recorded.segments))
    moments: list[Moment] = []
    for name, scene, times in _order(model, scenes):
        if name == "loss.back":
            live -= casts
            saved = live
        net, above = scene.changes(name)
        last = live + net * (times - 1)
        begins = max(live, last)
        moments.append(Moment(name=name, phase=_phase(name), begins=begins, peak=begins + above))
        live += net * times
        casts += scene.casts(name) * times  # autocast lets go of them with the end of the forward pass
    return Replay(
        peak=max(moments, key=lambda one: one.peak), saved_activations=saved, at_end=live, moments=tuple(moments)
    )


def _scene(model: Architecture, options: StepOptions, letters: dict[str, int], block: Block) -> Scene:
    """The recording that one kind of block is replayed from."""
    rows = letters["S"] if options.method is Method.PROMPT else letters["T"]
    windowed = block.sliding and 0 < model.window <= rows
    recorded = coefficients.recording(
        model.recorded_dense if block.dense else model.recorded,
        options,
        gate="" if block.dense else model.gate,
        tied=model.tied,
        windowed=windowed,
        starts=_starts(model, options),
    )
    return Scene(
        recorded=recorded,
        sizes=[0, *(amount(size, letters) for size in recorded.sizes)],
        choose=_chooser(model, options, letters, dense=block.dense),
        keeps=not options.checkpointing,
        reads_input=tuple(model.spec.get("reads_input", ())),
    )


def _starts(model: Architecture, options: StepOptions) -> tuple[str, ...]:
    """The first layer that learns, where the first block begins to learn behind its attention's inputs.

    Two where a part of a block runs beside its rest and both learn.
    """
    if options.method not in ADAPTERS:
        return ()
    names = targets(model, options).names
    beside = model.spec.get("beside", "")
    begun, first = {True: beside, False: ""}, dict[bool, str]()
    for linear in linears(model):
        if linear.stack != 0 or linear.dense:
            continue
        side = bool(beside) and beside in linear.name.split(".")
        begun[side] = next((one for one in model.spec.get("starts", ()) if linear.name.endswith(one)), begun[side])
        if linear.name in names:
            first.setdefault(side, begun[side])
    return tuple(first[side] for side in (True, False) if side in first)


def _order(model: Architecture, scenes: Mapping[Block, Scene]) -> Iterator[tuple[str, Scene, int]]:
    """Segments as they run: name, the scene they play in, and how often in a row."""
    everywhere = _everywhere(scenes)
    for name in everywhere.recorded.segments:
        stack, _, rest = name.partition(".")
        number, _, back = rest.partition(".")
        if not (stack.isdigit() and number.isdigit()):
            yield name, everywhere, 1
            continue
        at = at_place(int(number), model.stacks[int(stack)])
        if int(stack) or len(scenes) == 1:
            if at:
                yield name, everywhere, len(at)
            continue
        kinds = [model.blocks[one] for one in (reversed(at) if back else at)]
        for block, run in groupby(kinds):
            yield name, scenes[block], len(list(run))


def _everywhere(scenes: Mapping[Block, Scene]) -> Scene:
    """The scene that what stands outside the blocks is played in."""
    return next((scene for block, scene in scenes.items() if block.sliding), next(iter(scenes.values())))


def _phase(name: str) -> str:
    if name.endswith("after"):
        return "head and loss"
    if name == "loss.back":
        return "backward of head and loss"
    if name.endswith("before.back"):
        return "backward of the embedding"
    return "backward" if name.endswith("back") else "forward"


def _chooser(model: Architecture, options: StepOptions, letters: dict[str, int], *, dense: bool) -> ChooseIn:
    """Which layers are wrapped, and in what."""
    recorded_so = coefficients.whole_lora(model.recorded, options) and not dense
    wrapped = targets(model, options) if options.method in ADAPTERS and not recorded_so else Targets(names=frozenset())
    if not wrapped.names and options.quantize is Quantize.NONE:
        return lambda stack: lambda name, given, made: None
    by_name = {(linear.stack, linear.name): linear for linear in linears(model)}
    known: dict[tuple[int, str, bool], Wrap | None] = {}

    def packed(linear: Linear) -> bool:
        return options.quantize is not Quantize.NONE and not stays_plain(linear, model, options)

    def choose(stack: int, name: str, given: int, made: int) -> Wrap | None:
        name = name.removesuffix(".base_layer")
        linear = by_name.get((stack, name))
        if linear is None or (name not in wrapped.names and not packed(linear)):
            return None
        rows = _rows(linear, model, letters, options)
        wide = options.dtype is Dtype.FP32
        if options.autocast is not Autocast.NONE and given in (rows * linear.inputs * 2, rows * linear.inputs * 4):
            wide = given == rows * linear.inputs * 4
        if (stack, name, wide) not in known:
            held = options.quantize if packed(linear) else Quantize.NONE
            known[stack, name, wide] = _wrap(linear, wrapped, options, rows, held=held, wide=wide)
        return known[stack, name, wide]

    return lambda stack: partial(choose, stack)


def _rows(linear: Linear, model: Architecture, letters: dict[str, int], options: StepOptions) -> int:
    """Rows that go through a layer: every token, but one of an image where a head reads it."""
    if linear.stack < 0 and model.task == "image-classification":
        return letters["B"]
    return letters["B"] * (letters["S"] if options.method is Method.PROMPT else letters["T"])


def _wrap(linear: Linear, chosen: Targets, options: StepOptions, rows: int, *, held: Quantize, wide: bool) -> Wrap:
    profiles = coefficients.load("adapters")["profiles"]
    kind = "conv1d" if linear.conv else "linear"
    if held is not Quantize.NONE:
        kind = "linear"  # GPT-2's layers are turned round to be held in 8 or 4 bits
    precision = coefficients.precision(options)
    width = 4 if wide else 2
    adapter = Dtype.FP32 if options.adapter_dtype is Dtype.FP32 else Dtype.BF16
    name = "plain"
    if linear.name in chosen.names:
        name = {Method.IA3: "ia3", Method.DORA: "dora"}.get(options.method, "lora")
        name += "-ff" if linear.name in chosen.feedforward else ""
        name += "-bias" if name == "dora" and linear.bias and kind == "linear" else ""
    if name == "plain":
        adapter = Dtype.FP32
    letters = {"n": rows, "i": linear.inputs, "o": linear.outputs, "r": options.rank}
    mixed = "mixed" if name != "plain" and coefficients.mixes_16_bit_types(options) else precision
    found = profiles[f"{name}/{kind}/{held}/{mixed}/{width}/{adapter}"]
    bare = profiles[f"plain/{'conv1d' if linear.conv else 'linear'}/none/{precision}/{width}/fp32"]
    out_width = 4 if options.dtype is Dtype.FP32 and "autocast" not in precision else 2
    output = rows * linear.outputs * out_width
    return Wrap(
        forward=tuple(amount(size, letters) for size in found["forward"]),
        backward=tuple(amount(size, letters) for size in found["backward"]),
        again=found["again"],
        early=found["early"],
        lets_go=found["lets_go"],
        resting=tuple(amount(size, letters) for size in found["resting"]),
        retains=found["retains"],
        input_bytes=rows * linear.inputs * width,
        output_bytes=output,
        bare_saved=sum(amount(size, letters) for size in bare["forward"]) - output,
    )


__all__ = ["Moment", "Replay", "letters_of", "replay"]
