"""FSDP2: what one of N cards holds, from the unsharded step.

Weights, states and finished gradients are divided. What is whole for a while was read off traces of
sharded models on a fake process group: the root (embedding and head) during the whole step, two blocks
while blocks run (one computes, one is gathered ahead), one block around the loss, and one more copy of
a block's gradients while they are scattered. At the very start the root is there twice.
"""

from __future__ import annotations

from dataclasses import replace

from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.memory import Categories, Peak, training_peak
from ossmodelkit.estimating.optimizing import temporary_bytes
from ossmodelkit.estimating.options import ADAPTERS, Method, StepOptions
from ossmodelkit.estimating.parameters import adapter_tensors, base_bytes, tensors
from ossmodelkit.estimating.replaying import Moment, replay


def sharded_peak(model: Architecture, options: StepOptions) -> Peak:
    """The peak of one of `options.fsdp` cards."""
    cards = options.fsdp
    one = replace(options, fsdp=1)
    whole = training_peak(model, one)
    root, block = _units(model, options)
    parts = whole.categories
    kept = Categories(
        frozen=-(-parts.frozen // cards),
        trainable=-(-parts.trainable // cards),
        optimizer=-(-parts.optimizer // cards),
        inputs=parts.inputs,
    )
    phases: dict[str, int] = {"gathering the root": 2 * (root + block)}
    for moment in replay(model, one).moments:
        alive = (
            moment.peak + _whole_for_a_while(moment, root, block, options) - _scattered(moment, block, model, options)
        )
        if moment.phase == "forward":  # while a block begins, the next one is gathered and copied out of the gathering
            alive = max(alive, moment.begins + root + 3 * block)
        phases[moment.phase] = max(phases.get(moment.phase, 0), alive)
    full = options.method is Method.FULL
    width = options.dtype.bytes if full else options.adapter_dtype.bytes
    trained = tensors(model) if full else tuple(adapter_tensors(model, options))
    gradients = sum(tensor.count * tensor.times for tensor in trained) * width
    phases["optimizer"] = (gradients + temporary_bytes(options.optimizer, trained, width)) // cards
    phase = max(phases, key=lambda name: phases[name])
    held = min(phases[phase], gradients // cards if "optimizer" in phase or "backward" in phase else 0)
    rest = phases[phase] - held
    saved = min(rest, parts.saved_activations)
    found = replace(kept, gradients=held, saved_activations=saved, transient=rest - saved)
    return replace(
        whole,
        allocated_bytes=found.total,
        phase=phase,
        categories=found,
        phases={name: kept.total + alive for name, alive in phases.items()},
    )


def _units(model: Architecture, options: StepOptions) -> tuple[int, int]:
    """Bytes of the root and of one block with its adapters, unsharded."""
    base = base_bytes(model, options)
    everything = tensors(model)
    total = sum(tensor.count * tensor.times for tensor in everything)
    blocks = base * sum(tensor.count * tensor.times for tensor in everything if tensor.where) // total
    root = base - blocks
    if options.method in ADAPTERS:
        blocks += sum(one.count * one.times for one in adapter_tensors(model, options)) * options.adapter_dtype.bytes
    return root, blocks // max(1, model.layers)


def _whole_for_a_while(moment: Moment, root: int, block: int, options: StepOptions) -> int:
    if moment.name == "loss.back" or moment.name.endswith(("after", "before.back")):
        return root + block
    copies = 3 if options.method is Method.FULL and moment.name.endswith("back") else 2
    return root + copies * block


def _scattered(moment: Moment, block: int, model: Architecture, options: StepOptions) -> int:
    """Gradients of blocks that are done already, of which a card keeps only its share."""
    if options.method is not Method.FULL or not moment.name.endswith("back") or moment.name == "loss.back":
        return 0
    if moment.name.endswith("before.back"):
        done = model.layers
    else:
        number = int(moment.name.split(".")[1])
        middle = model.layers - 2 if options.checkpointing else 1  # where the middle blocks stand highest
        done = {2: 0, 1: middle, 0: model.layers - 1}[number]
    return max(0, done) * block * (options.fsdp - 1) // options.fsdp
