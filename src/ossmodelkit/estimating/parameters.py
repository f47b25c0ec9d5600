"""Every parameter of a model by name, shape and bytes, and the ones that adapters add."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from ossmodelkit.estimating import coefficients
from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.options import WITH_RANK, Method, Quantize, StepOptions
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from ossmodelkit.foundation.wire import did_you_mean

NF4_BLOCK, NF4_OUTER = 64, 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A parameter's shape, and how many like it the model has."""

    name: str
    shape: tuple[int, ...]
    times: int = 1
    where: str = ""

    @property
    def count(self) -> int:
        """Numbers in one of them."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A linear layer; `dense` ones stand in blocks without experts among blocks with them."""

    name: str
    stack: int
    conv: bool
    inputs: int
    outputs: int
    times: int
    dense: bool = False
    bias: bool = False


def tensors(model: Architecture) -> tuple[Tensor, ...]:
    """All parameters; a tied head is counted once."""
    found = [
        tensor
        for recorded, dense, mark in _files(model)
        for tensor in _listed(coefficients.load(recorded)["parameters"][f"{mark}shapes"], model, 1, dense=dense)
    ]
    if not (model.tied or model.spec.get("always_tied")) and "V" in model.letters:
        found.append(Tensor(name="lm_head.weight", shape=(model.letters["V"], model.letters["H"])))
    found += [
        Tensor(name=f"{one.name}.bias", shape=(one.outputs,), times=one.times, where=f"{one.stack}.1")
        for one in linears(model)
        if one.name.rpartition(".")[2] in model.biased
    ]
    return tuple(found)


def _files(model: Architecture) -> Iterator[tuple[str, bool, str]]:
    """Recordings that describe the model's blocks: name, whether it stands for the dense ones only, gate mark."""
    yield model.recorded, False, f"{model.gate}/" if model.gate else ""
    if any(block.dense for block in model.blocks):
        yield model.recorded_dense, True, ""


def _listed(listed: list[Any], model: Architecture, rank: int, *, dense: bool) -> Iterator[Tensor]:
    letters = {**model.letters, "r": rank}
    for name, inner, shape in listed:
        times = _times(inner, model, dense=dense)
        if times:
            sides = tuple(coefficients.amount(side, letters) for side in shape)
            yield Tensor(name=name, shape=sides, times=times, where=inner or "")


def _times(inner: str | None, model: Architecture, *, dense: bool) -> int:
    if inner is None:
        return 0 if dense else 1
    stack, _, number = inner.partition(".")
    if int(stack) == 0 and model.blocks:
        return sum(model.blocks[at].dense is dense for at in at_place(int(number), len(model.blocks)))
    return len(at_place(int(number), model.stacks[int(stack)]))


def at_place(number: int, blocks: int) -> range:
    """The blocks that block `number` of a recording of three stands for: the first, the middle ones, the last."""
    if number == 1:
        return range(1, blocks - 1)
    if number == 0:
        return range(1)
    return range(blocks - 1, blocks) if blocks > 1 else range(0)


def linears(model: Architecture) -> tuple[Linear, ...]:
    """The linear layers, but for the head over the vocabulary; those outside the blocks have stack -1."""
    found = []
    for recorded, dense, mark in _files(model):
        data = coefficients.load(recorded)
        listed = data["linears"][f"{mark}linears"]
        biased = {
            name.removesuffix(".bias") for name, _, _ in data["parameters"][f"{mark}shapes"] if name.endswith(".bias")
        }
        for key, (kind, inputs, outputs) in listed.items():
            where, _, name = key.partition(":")
            outer = where == "outer"
            times = _times(None if outer else where, model, dense=dense)
            if not times:
                continue
            found.append(
                Linear(
                    name=name,
                    stack=-1 if outer else int(where.partition(".")[0]),
                    conv=kind == "conv1d",
                    inputs=coefficients.amount(inputs, model.letters),
                    outputs=coefficients.amount(outputs, model.letters),
                    times=times,
                    dense=dense,
                    bias=name.rpartition(".")[2] in model.biased or bool(_matching(biased, name)),
                )
            )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Names of the layers that are adapted, and those of them whose input is scaled (ia3)."""

    names: frozenset[str]
    feedforward: frozenset[str] = frozenset()


def targets(model: Architecture, options: StepOptions) -> Targets:
    """Which linear layers learn.

    Raises `UsageError` for a name that no layer has.
    """
    known = {linear.name for linear in linears(model)}
    wanted = options.targets
    forward: tuple[str, ...] = ()
    if wanted == ("default",):
        usual = model.spec.get("ia3") if options.method is Method.IA3 else None
        wanted, forward = (tuple(usual["targets"]), tuple(usual["feedforward"])) if usual else (("all-linear",), ())
    if wanted == ("all-linear",):
        if (
            "E" in model.letters
            and not model.spec.get("plain_experts")
            and options.method in WITH_RANK
            and not coefficients.whole_lora(model.recorded, options)
        ):
            raise NothingToJudgeError(
                f"peft has no {options.method} for the experts of {model.model_type}",
                hint="name layers: --targets q_proj,k_proj,v_proj,o_proj",
            )
        fused = {one for one in known if one.rpartition(".")[2] in model.spec.get("fused", ())}
        return Targets(names=frozenset(known - fused if options.method in WITH_RANK else known))
    for name in wanted:
        if name.rpartition(".")[2] in model.spec.get("fused", ()):
            raise NothingToJudgeError(
                f"--targets {name}: peft adapts the experts of {model.model_type} with it as well",
                hint=f"{coefficients.TRACE}; or name layers of the attention",
            )
        if not _matching(known, name):
            short = {one.rpartition(".")[2] for one in known}
            raise UsageError(f"--targets: no layer is called {name!r}", hint=did_you_mean(name, short))
    return Targets(
        names=frozenset(one for name in wanted for one in _matching(known, name)),
        feedforward=frozenset(one for name in forward for one in _matching(known, name)),
    )


def _matching(known: Collection[str], name: str) -> list[str]:
    return [one for one in known if one == name or one.endswith(f".{name}")]


def adapter_tensors(model: Architecture, options: StepOptions) -> Iterator[Tensor]:
    """The parameters that an adapter adds."""
    if options.method is Method.PROMPT:
        copies = 2 if len(model.stacks) > 1 else 1  # peft learns a prompt for the encoder and the decoder
        yield Tensor(name="prompt", shape=(options.prompt_tokens * copies, model.letters["H"]))
        return
    whole = coefficients.whole_lora(model.recorded, options)
    if whole:
        listed = coefficients.load(model.recorded)["parameters"]["adapters"]
        yield from _listed(listed, model, options.rank, dense=False)
    chosen = targets(model, options)
    for linear in linears(model):
        if linear.name in chosen.names and (linear.dense or not whole):
            yield from _around(linear, options, feedforward=linear.name in chosen.feedforward)


def _around(linear: Linear, options: StepOptions, *, feedforward: bool) -> Iterator[Tensor]:
    """What learns beside one kind of layer."""
    if options.method is Method.IA3:
        yield Tensor(name=linear.name, shape=(linear.inputs if feedforward else linear.outputs,), times=linear.times)
    elif options.method in WITH_RANK:
        yield Tensor(name=f"{linear.name}.A", shape=(options.rank, linear.inputs), times=linear.times)
        yield Tensor(name=f"{linear.name}.B", shape=(linear.outputs, options.rank), times=linear.times)
        if options.method is Method.DORA:
            yield Tensor(name=f"{linear.name}.m", shape=(linear.outputs,), times=linear.times)


def base_bytes(model: Architecture, options: StepOptions) -> int:
    """The base's weights in bytes as they are held: quantized linear layers, everything else in `dtype`."""
    width = options.dtype.bytes
    total = sum(tensor.count * tensor.times for tensor in tensors(model)) * width
    if options.quantize is Quantize.NONE:
        return total
    for linear in linears(model):
        if stays_plain(linear, model, options):
            continue
        total += linear.times * (
            held_bytes(linear.inputs, linear.outputs, options.quantize) - linear.inputs * linear.outputs * width
        )
    return total


def stays_plain(linear: Linear, model: Architecture, options: StepOptions) -> bool:
    """Whether a quantized base holds a layer as it is: heads, and what transformers keeps from 4 bits."""
    heads, kept = model.spec.get("unpacked", ()), model.spec.get("not_in_4_bits", ())
    is_kept = options.quantize is Quantize.NF4 and linear.name.rpartition(".")[2] in kept
    return is_kept or (linear.stack < 0 and linear.name in heads)


def held_bytes(inputs: int, outputs: int, quantize: Quantize) -> int:
    """Bytes of one quantized weight with its scales: int8 by row, nf4 with double quantization."""
    count = inputs * outputs
    if quantize is Quantize.INT8:
        return count + 4 * outputs
    scales = -(-count // NF4_BLOCK)
    return -(-count // 2) + scales + 4 * -(-scales // NF4_OUTER)


def shape_note(found: Any) -> str:
    """A count for people: 8.03 B, 42 M."""
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if found >= size:
            return f"{found / size:.2f} {unit}"
    return str(found)
