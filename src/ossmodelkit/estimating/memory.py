"""Peak memory of one step on one card, by category and by phase."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.optimizing import state_bytes, temporary_bytes
from ossmodelkit.estimating.options import Attention, Method, StepOptions
from ossmodelkit.estimating.parameters import Tensor, adapter_tensors, base_bytes, tensors
from ossmodelkit.estimating.replaying import Replay, replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """What is alive at the peak, in bytes. The parts add up to the allocated peak."""

    frozen: int = 0
    trainable: int = 0
    gradients: int = 0
    optimizer: int = 0
    saved_activations: int = 0
    transient: int = 0
    kv_cache: int = 0
    inputs: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return (
            self.frozen
            + self.trainable
            + self.gradients
            + self.optimizer
            + self.saved_activations
            + self.transient
            + self.kv_cache
            + self.inputs
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The highest moment of a step: where it is, how high, made of what; `reserved_bytes` where it was replayed."""

    allocated_bytes: int
    phase: str
    categories: Categories
    phases: dict[str, int]
    parameters: int
    trainable_parameters: int
    reserved_bytes: int | None = None


def training_peak(model: Architecture, options: StepOptions) -> Peak:
    """The allocated peak of one training step in steady state (the optimizer's states exist already)."""
    full = options.method is Method.FULL
    base = base_bytes(model, options)
    everything = tensors(model)
    trained = everything if full else tuple(adapter_tensors(model, options))
    width = options.dtype.bytes if full else options.adapter_dtype.bytes
    trainable = sum(tensor.count * tensor.times for tensor in trained)
    own = 0 if full else trainable * width
    states = state_bytes(options.optimizer, trained, width)
    fed = input_bytes(model, options)
    static = base + own + states + fed
    done = replay(model, options)
    stepping = done.at_end + temporary_bytes(options.optimizer, trained, width)
    phases = _phases(done, static, stepping)
    grads = trainable * width
    if stepping >= done.peak.peak:
        phase, alive, saved = "optimizer", stepping, 0
        held = min(grads, stepping)
    else:
        phase, alive = done.peak.phase, done.peak.peak
        begins = max(0, min(done.peak.begins, alive))
        held = min(_gradients_before(done, everything, grads, full=full, width=width), begins)
        saved = begins - held
    return Peak(
        allocated_bytes=static + alive,
        phase=phase,
        categories=Categories(
            frozen=0 if full else base,
            trainable=base if full else own,
            gradients=held,
            optimizer=states,
            saved_activations=saved,
            transient=alive - held - saved,
            inputs=fed,
        ),
        phases=phases,
        parameters=sum(tensor.count * tensor.times for tensor in everything),
        trainable_parameters=trainable,
    )


def input_bytes(model: Architecture, options: StepOptions) -> int:
    """The batch itself: tokens, labels and mask of 8 bytes each, or pixels."""
    if model.task == "image-classification":
        side = model.letters["m"] * model.letters["p"]
        return options.batch * (model.letters["c"] * side * side * options.dtype.bytes + 8)
    packed = options.attention is Attention.VARLEN
    return 8 * options.tokens * (2 + (options.padded or packed))


def _phases(done: Replay, static: int, stepping: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for moment in done.moments:
        found[moment.phase] = max(found.get(moment.phase, 0), static + moment.peak)
    found["optimizer"] = static + stepping
    return found


def _gradients_before(done: Replay, everything: tuple[Tensor, ...], grads: int, *, full: bool, width: int) -> int:
    """Gradients that exist when the peak's segment begins; blocks are passed from the last to the first."""
    name = done.peak.name
    if not name.endswith("back") or name == "loss.back":
        return 0
    blocks = sum(tensor.count * tensor.times * width for tensor in everything if tensor.where) if full else grads
    ends = grads - blocks if full else 0
    if name.endswith("before.back"):
        return grads
    number = int(name.split(".")[1])
    return {2: ends // 2, 1: ends // 2 + blocks // 2, 0: ends // 2 + blocks}[number] if full else blocks // 2
