"""FSDP2: what one of N cards holds, from the unsharded step.

Static bytes and gradients are divided; two blocks are whole at a time (the one that runs and the one
prefetched), as are the root's embedding and head. Extrapolating the traced step of a sharded model
was up to 23 % over, so the answer is coarser than an unsharded one: `--trace` follows it exactly.
"""

from __future__ import annotations

from dataclasses import replace

from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.memory import Categories, Peak, training_peak
from ossmodelkit.estimating.options import Method, StepOptions
from ossmodelkit.estimating.parameters import base_bytes, tensors


def sharded_peak(model: Architecture, options: StepOptions) -> Peak:
    """The peak of one of `options.fsdp` cards."""
    whole = training_peak(model, replace(options, fsdp=1))
    cards = options.fsdp
    base = base_bytes(model, options)
    everything = tensors(model)
    in_blocks = sum(tensor.count * tensor.times for tensor in everything if tensor.where)
    total = sum(tensor.count * tensor.times for tensor in everything)
    blocks = base * in_blocks // total
    root = base - blocks
    unsharded = root + 2 * blocks // max(1, model.layers)
    full = options.method is Method.FULL
    gathered_gradients = unsharded if full else 0
    parts = whole.categories
    held = Categories(
        frozen=-(-parts.frozen // cards),
        trainable=-(-parts.trainable // cards),
        gradients=-(-parts.gradients // cards),
        optimizer=-(-parts.optimizer // cards),
        saved_activations=parts.saved_activations,
        transient=parts.transient + unsharded + gathered_gradients // 2,
    )
    return replace(whole, allocated_bytes=held.total, categories=held, phases={whole.phase: held.total})
