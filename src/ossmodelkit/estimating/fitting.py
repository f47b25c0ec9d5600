"""From allocated bytes to a card: what the allocator reserves, what the driver takes, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.hardware import GIB, RESERVED_OVER_ALLOCATED, Cards
from ossmodelkit.estimating.options import ADAPTERS, Dtype, Loss, Method, Optimizer, Quantize, StepOptions
from ossmodelkit.foundation.errors import KitError

COMMUNICATOR = 3 * GIB // 10  # NCCL, per communicator
MARGIN = 0.97
DEFAULT_CONTEXT = 544 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One kind of card: what it offers, what is needed, and whether that fits."""

    gpu: str
    cards: int
    usable_bytes: int
    usable_known: bool
    needed_bytes: int
    fits: bool

    @property
    def spare_bytes(self) -> int:
        """What is left over, or missing."""
        return int(self.usable_bytes * MARGIN) - self.needed_bytes


def reserved_bytes(allocated: int, cards: Cards | None = None) -> int:
    """What the caching allocator holds for so many allocated bytes."""
    return round(allocated * (cards.reserved_over_allocated if cards else RESERVED_OVER_ALLOCATED))


def on_card_bytes(reserved: int, cards: Cards | None) -> int:
    """What the driver shows: the allocator's memory, the context, the workspace and communicators."""
    if cards is None:
        return reserved + DEFAULT_CONTEXT
    exchange = COMMUNICATOR if cards.count > 1 else 0
    return reserved + cards.context_bytes + exchange


def judge_fit(reserved: int, cards: Cards) -> Fit:
    """Whether so much fits one of these cards."""
    needed = on_card_bytes(reserved, cards)
    card = cards.accelerator
    return Fit(
        gpu=card.id,
        cards=cards.count,
        usable_bytes=card.usable_bytes,
        usable_known=card.usable_known,
        needed_bytes=needed,
        fits=needed <= card.usable_bytes * MARGIN,
    )


def changes(options: StepOptions) -> Iterator[tuple[str, StepOptions]]:
    """Single changes and their sums that save memory, in the order of what they cost in time or quality."""
    now = options
    for words, change in _steps(options):
        try:
            alone = replace(options, **change)
            now = replace(now, **change)
        except KitError:
            continue
        yield words, alone
    if now != options:
        yield "all of these together", now


def _steps(options: StepOptions) -> Iterator[tuple[str, dict[str, Any]]]:
    adapts = options.method in ADAPTERS
    if options.loss is Loss.FULL:
        yield "--loss chunked (same result, no whole logits)", {"loss": Loss.CHUNKED}
    if adapts and options.adapter_dtype is Dtype.FP32 and options.dtype is not Dtype.FP32:
        yield "--adapter-dtype bf16 (adapters learn in 16 bits)", {"adapter_dtype": Dtype.BF16}
    if options.batch > 1:
        half = options.batch // 2
        yield f"--batch {half} and twice the accumulation (same result)", {"batch": half}
    if not options.checkpointing:
        yield "--checkpointing (about a third more time)", {"checkpointing": True}
    if options.method is Method.FULL and options.optimizer in (Optimizer.ADAMW, Optimizer.ADAMW_FOREACH):
        yield "--optimizer adamw8bit (8-bit states)", {"optimizer": Optimizer.ADAMW8BIT}
        yield "--optimizer paged_adamw8bit (states on the host)", {"optimizer": Optimizer.PAGED_ADAMW8BIT}
    if options.dtype is Dtype.FP32:
        yield "--dtype bf16", {"dtype": Dtype.BF16}
    if options.method is Method.FULL:
        yield "--method lora (adapters instead of all weights)", {"method": Method.LORA}
    elif options.quantize is Quantize.NONE:
        yield "--quantize int8 (base in 8 bits)", {"quantize": Quantize.INT8}
        yield "--quantize nf4 (base in 4 bits)", {"quantize": Quantize.NF4}
    elif options.quantize is Quantize.INT8:
        yield "--quantize nf4 (base in 4 bits)", {"quantize": Quantize.NF4}


__all__ = ["Architecture", "Fit", "changes", "judge_fit", "on_card_bytes", "reserved_bytes"]
