"""Variable-length attention as a card runs it, traced without one.

torch's own function has shape rules for fake tensors, so its memory can be followed on a CPU.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ossmodelkit.trainer import varlen

NAME = "kit_varlen_traced"


def register() -> str:
    """Make the attention known to transformers; its name."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attend)
    return NAME


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **kwargs: Any
) -> tuple[Tensor, None]:
    bounds = kwargs["cu_seq_lens_q"]
    window = kwargs.get("sliding_window") or 0
    causal = kwargs.get("is_causal")
    causal = getattr(module, "is_causal", True) if causal is None else causal
    longest = int(kwargs["max_length_q"])
    return varlen._on_card(query, key, value, bounds, longest, kwargs.get("scaling"), causal, window), None
