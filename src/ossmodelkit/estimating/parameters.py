"""Every parameter of a model by name, shape and bytes, and the ones that adapters add."""

from __future__ import annotations

from collections.abc import Iterator
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
    """A linear layer inside the blocks."""

    name: str
    stack: int
    conv: bool
    inputs: int
    outputs: int
    times: int


def tensors(model: Architecture) -> tuple[Tensor, ...]:
    """All parameters; a tied head is counted once."""
    mark = f"{model.gate}/" if model.gate else ""
    listed = coefficients.load(model.family)["parameters"][f"{mark}shapes"]
    found = list(_listed(listed, model, rank=1))
    if not model.tied and "V" in model.letters:
        found.append(Tensor(name="lm_head.weight", shape=(model.letters["V"], model.letters["H"])))
    return tuple(found)


def _listed(listed: list[Any], model: Architecture, rank: int) -> Iterator[Tensor]:
    letters = {**model.letters, "r": rank}
    for name, inner, shape in listed:
        sides = tuple(coefficients.amount(side, letters) for side in shape)
        times = _times(inner, model.stacks)
        if times:
            yield Tensor(name=name, shape=sides, times=times, where=inner or "")


def _times(inner: str | None, stacks: tuple[int, ...]) -> int:
    if inner is None:
        return 1
    stack, _, number = inner.partition(".")
    return repeats(int(number), stacks[int(stack)])


def repeats(number: int, blocks: int) -> int:
    """How often block `number` of a recording of three stands in a stack of `blocks`: first, middle, last."""
    if number == 1:
        return max(0, blocks - 2)
    return 1 if number == 0 or blocks > 1 else 0


def linears(model: Architecture) -> tuple[Linear, ...]:
    """The linear layers inside the blocks."""
    mark = f"{model.gate}/" if model.gate else ""
    listed = coefficients.load(model.family)["linears"][f"{mark}linears"]
    found = []
    for key, (kind, inputs, outputs) in listed.items():
        where, _, name = key.partition(":")
        stack, _, number = where.partition(".")
        times = repeats(int(number), model.stacks[int(stack)])
        if times:
            sides = [coefficients.amount(side, model.letters) for side in (inputs, outputs)]
            found.append(
                Linear(
                    name=name, stack=int(stack), conv=kind == "conv1d", inputs=sides[0], outputs=sides[1], times=times
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
    if options.method is Method.IA3 and wanted in (("default",), ("all-linear",)):
        usual = model.spec.get("ia3")
        if usual is None:
            raise UsageError(f"peft has no usual ia3 layers for {model.model_type}", hint="name them with --targets")
        wanted, forward = tuple(usual["targets"]), tuple(usual["feedforward"])
    elif wanted == ("default",):
        wanted = ("all-linear",)
    if wanted == ("all-linear",) and "E" in model.letters and not coefficients.whole_lora(model.family, options):
        raise NothingToJudgeError(
            f"peft adapts the experts of {model.model_type} too when all linear layers are asked for",
            hint="use --trace, or name layers: --targets q_proj,k_proj,v_proj,o_proj",
        )
    if wanted == ("all-linear",):
        return Targets(names=frozenset(known))
    for name in wanted:
        if not _matching(known, name):
            short = {one.rpartition(".")[2] for one in known}
            raise UsageError(f"--targets: no layer is called {name!r}", hint=did_you_mean(name, short))
    return Targets(
        names=frozenset(one for name in wanted for one in _matching(known, name)),
        feedforward=frozenset(one for name in forward for one in _matching(known, name)),
    )


def _matching(known: set[str], name: str) -> list[str]:
    return [one for one in known if one == name or one.endswith(f".{name}")]


def adapter_tensors(model: Architecture, options: StepOptions) -> Iterator[Tensor]:
    """The parameters that an adapter adds."""
    if options.method is Method.PROMPT:
        copies = 2 if len(model.stacks) > 1 else 1  # peft learns a prompt for the encoder and the decoder
        yield Tensor(name="prompt", shape=(options.prompt_tokens * copies, model.letters["H"]))
        return
    if coefficients.whole_lora(model.family, options):
        yield from _listed(coefficients.load(model.family)["parameters"]["adapters"], model, options.rank)
        return
    chosen = targets(model, options)
    for linear in linears(model):
        if linear.name not in chosen.names:
            continue
        if options.method is Method.IA3:
            side = linear.inputs if linear.name in chosen.feedforward else linear.outputs
            yield Tensor(name=linear.name, shape=(side,), times=linear.times)
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
    packed = [linear for linear in linears(model) if not linear.conv]
    if not packed:
        raise NothingToJudgeError(
            f"{model.model_type} has no plain linear layer to hold as {options.quantize}", hint="use --quantize none"
        )
    for linear in packed:
        total += linear.times * (
            held_bytes(linear.inputs, linear.outputs, options.quantize) - linear.inputs * linear.outputs * width
        )
    return total


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
