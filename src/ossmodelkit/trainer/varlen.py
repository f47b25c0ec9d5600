"""Attention over sequences laid end to end, without a mask and without contamination.

On a CUDA card torch's own variable-length flash attention does it; elsewhere each sequence goes
through scaled dot-product attention by itself. A T by T block mask would cost both memory and the
flash kernel.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as fn

NAME = "kit_varlen"


def register() -> None:
    """Make `kit_varlen` known to transformers.

    It is left out of the mask functions on purpose: a model then builds no mask at all.
    """
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)


def attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """The attention function that transformers calls; q, k, v are (1, heads, tokens, width).

    Raises `ValueError` for what it cannot do exactly, so that nobody trains on something similar.
    """
    bounds: Tensor | None = kwargs.get("cu_seq_lens_q")
    if bounds is None or attention_mask is not None or kwargs.get("softcap") is not None or query.shape[0] != 1:
        raise ValueError("this model does not hand the borders of its sequences to attention")
    if kwargs.get("s_aux") is not None or kwargs.get("position_bias") is not None:
        raise ValueError("attention sinks and position biases need the model's own attention")
    causal = kwargs.get("is_causal")
    causal = getattr(module, "is_causal", True) if causal is None else causal
    window = kwargs.get("sliding_window") or 0
    if query.is_cuda and dropout == 0.0 and query.dtype in (torch.bfloat16, torch.float16):
        longest = int(kwargs["max_length_q"])
        return _on_card(query, key, value, bounds, longest, scaling, causal, window), None
    return _one_by_one(query, key, value, kwargs["kit_lengths"], dropout, scaling, causal, window), None


def _one_by_one(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    lengths: tuple[int, ...],
    dropout: float,
    scaling: float | None,
    causal: bool,
    window: int,
) -> Tensor:
    shared = query.shape[1] != key.shape[1]
    parts = zip(query.split(lengths, 2), key.split(lengths, 2), value.split(lengths, 2), strict=True)
    done = [
        fn.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=_window_mask(q.shape[2], window, q.device) if 0 < window < q.shape[2] else None,
            dropout_p=dropout,
            scale=scaling,
            is_causal=causal and not 0 < window < q.shape[2],
            enable_gqa=shared,
        )
        for q, k, v in parts
    ]
    return torch.cat(done, 2).transpose(1, 2).contiguous()


def _window_mask(tokens: int, window: int, device: torch.device) -> Tensor:
    at = torch.arange(tokens, device=device)
    distance = at[:, None] - at[None, :]
    return (distance >= 0) & (distance < window)


def _on_card(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bounds: Tensor,
    longest: int,
    scaling: float | None,
    causal: bool,
    window: int,
) -> Tensor:
    q, k, v = (part.squeeze(0).transpose(0, 1).contiguous() for part in (query, key, value))
    if q.shape[1] != k.shape[1] and not _knows_shared_heads():
        repeats = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)
    out = _varlen(q, k, v, bounds, longest, scaling, causal, window)
    return out.unsqueeze(0)


def _knows_shared_heads() -> bool:
    import inspect

    from torch.nn.attention.varlen import varlen_attn

    return "enable_gqa" in inspect.signature(varlen_attn).parameters


def _varlen(
    q: Tensor, k: Tensor, v: Tensor, bounds: Tensor, longest: int, scaling: float | None, causal: bool, window: int
) -> Tensor:
    """Call torch's function across its spellings: `window_size` came with 2.11, `is_causal` went with it."""
    import inspect

    from torch.nn.attention.varlen import varlen_attn

    known = inspect.signature(varlen_attn).parameters
    left = window - 1 if window else -1
    options: dict[str, Any] = {"scale": scaling}
    if "window_size" in known:
        options["window_size"] = (left, 0) if causal else (-1, -1)
    elif window:
        raise ValueError("this torch has no sliding window for packed sequences")
    else:
        options["is_causal"] = causal
    if q.shape[1] != k.shape[1]:
        options["enable_gqa"] = True
    return varlen_attn(q, k, v, bounds, bounds, longest, longest, **options)
