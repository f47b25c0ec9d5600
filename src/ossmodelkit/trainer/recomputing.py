"""Which activations are kept for the backward pass and which are made again, when memory demands it.

Recomputing whole blocks costs LoRA about a third of its speed. Selectively, the results of matrix products
and of attention are kept and only what lies between them, cheap to make again, is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import torch
from torch import nn

from ossmodelkit.core.plan import Speed

Kind = Literal["off", "selective", "full"]
# What a card keeps for itself beside the estimate: fragments, and what other programs grow by.
USABLE = 0.97
KEPT = ("mm", "addmm", "bmm", "_scaled_mm", "_varlen_attn", "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention",
        "_scaled_dot_product_flash_attention_for_cpu", "_flash_attention_forward")  # fmt: skip


def choose(speed: Speed, needed: Mapping[str, int], device: torch.device) -> Kind:
    """What the plan says; where it leaves the choice, the least that fits the card by the estimate.

    `needed` holds bytes on the card when everything is kept ("keep") and when all blocks are made again
    ("recompute"). No estimate is made for selective recompute: it is taken for the mean of both.
    """
    if speed.recompute != "auto":
        named: dict[bool | str, Kind] = {True: "full", False: "off", "selective": "selective"}
        return named[speed.recompute]
    if device.type != "cuda" or not needed:
        return "off"
    room = torch.cuda.mem_get_info(device)[1] * USABLE
    keep, least = needed["keep"], needed["recompute"]
    return "off" if keep <= room else "selective" if (keep + least) / 2 <= room else "full"


def apply(model: nn.Module, kind: Kind) -> None:
    """Make the blocks of `model` recompute as `kind` says."""
    if kind == "off":
        return
    settings: dict[str, Any] = {"use_reentrant": False}
    if kind == "selective":
        settings["context_fn"] = _contexts()
    model.gradient_checkpointing_enable(settings)
    model.enable_input_require_grads()


def _contexts() -> Callable[[], Any]:
    from torch.utils.checkpoint import CheckpointPolicy, create_selective_checkpoint_contexts

    def decide(context: Any, operation: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
        name = operation.__name__.partition(".")[0]
        return CheckpointPolicy.MUST_SAVE if name in KEPT else CheckpointPolicy.PREFER_RECOMPUTE

    return partial(create_selective_checkpoint_contexts, decide)
