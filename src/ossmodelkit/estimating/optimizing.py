"""What an optimizer keeps between steps, and what it needs for a moment while it steps.

Sizes are those of torch 2.13 (AdamW, SGD, Adafactor) and of block-wise 8-bit states: one byte for each
of two moments, one fp32 scale for every 256 numbers of each; tensors under 4096 numbers stay in fp32.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from ossmodelkit.estimating.options import Optimizer
from ossmodelkit.estimating.parameters import Tensor

BLOCK = 256
SMALLEST_8BIT = 4096
SMALLEST_PAGED = 100_000


def state_bytes(optimizer: Optimizer, trained: Iterable[Tensor], width: int) -> int:
    """Bytes of the states on the card; paged states live on the host."""
    return sum(tensor.times * _state(optimizer, tensor, width) for tensor in trained)


def _state(optimizer: Optimizer, tensor: Tensor, width: int) -> int:
    count = tensor.count
    if optimizer is Optimizer.SGD:
        return 0
    if optimizer in (Optimizer.ADAMW, Optimizer.ADAMW_FOREACH):
        return 2 * count * width
    if optimizer is Optimizer.ADAFACTOR:
        return _factored(tensor) * width
    if count < SMALLEST_8BIT:
        return 8 * count
    if optimizer is Optimizer.PAGED_ADAMW8BIT and count >= SMALLEST_PAGED:
        return 0
    return 2 * count + 2 * 4 * -(-count // BLOCK)


def _factored(tensor: Tensor) -> int:
    """Row and column means of the squared gradient; vectors are kept whole."""
    if len(tensor.shape) < 2:
        return tensor.count
    *rest, rows, columns = tensor.shape
    outer = tensor.count // (rows * columns) if rows * columns else 0
    return max(1, outer) * (rows + columns) if rest else rows + columns


def temporary_bytes(optimizer: Optimizer, trained: Iterable[Tensor], width: int) -> int:
    """Bytes that exist only while the optimizer steps: fused and 8-bit kernels need none.

    Adafactor makes one update at a time, and lets go of it when the next one is there.
    """
    sizes = [(tensor.count * width, tensor.times) for tensor in trained]
    if optimizer is Optimizer.ADAMW_FOREACH:
        return sum(size * times for size, times in sizes)
    if optimizer is Optimizer.ADAFACTOR:
        updates = [0, *(size for size, _ in sizes)]
        return max((one + other for one, other in pairwise(updates)), default=0)
    return 0
