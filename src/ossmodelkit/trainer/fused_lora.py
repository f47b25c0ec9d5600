"""Plain LoRA as one autograd function that keeps a single input in the base's precision.

peft casts each module's input to the adapters' fp32 and keeps the copy: six of the hidden state and
one of the MLP width per block. Here every module keeps the very tensor it was given (q, k and v
share it), casts the small A and B instead, and adds in place.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

IN_PLACE = "kit_in_place"


class _Fused(torch.autograd.Function):
    """base(x) + scale * x A^T B^T for a frozen base weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, base: nn.Linear, a: Tensor, b: Tensor, scale: float, in_place: bool) -> Tensor:
        flat = x.flatten(0, -2)
        small_a, small_b = a.to(x.dtype), b.to(x.dtype)
        inner = flat @ small_a.T
        out = fn.linear(flat, dense(base, x.dtype), base.bias)
        out = (out.addmm_ if in_place else out.addmm)(inner, small_b.T, alpha=scale)
        ctx.save_for_backward(x, inner, a, b)
        ctx.base, ctx.scale = base, scale
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, inner, a, b = ctx.saved_tensors
        slope = grads[0].flatten(0, -2)
        flat = x.flatten(0, -2)
        through = (slope @ b.to(x.dtype)).mul_(ctx.scale)
        grad_b = (slope.T @ inner).to(b.dtype).mul_(ctx.scale)
        grad_a = (through.T @ flat).to(a.dtype)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = slope @ dense(ctx.base, x.dtype)
            grad_x.addmm_(through, a.to(x.dtype))
            grad_x = grad_x.view_as(x)
        return grad_x, None, grad_a, grad_b, None, None


def dense(layer: nn.Linear, dtype: torch.dtype) -> Tensor:
    """The layer's weight as numbers to multiply with; weight-only int8 layers unpack theirs."""
    unpack = getattr(layer, "unpacked", None)
    return unpack(dtype) if unpack is not None else layer.weight.to(dtype)


def fuse(model: nn.Module, *, in_place: bool = True) -> int:
    """Give every plain LoRA linear of `model` the fused forward; how many there are.

    Not `in_place` where the base's product is kept for the backward pass, as selective recompute does.
    Left alone: dropout, DoRA and other variants, several adapters, trainable bases.
    """
    from peft.tuners.lora import Linear

    found = 0
    for module in model.modules():
        if isinstance(module, Linear) and _is_plain(module):
            module.forward = MethodType(_forward, module)
            setattr(module, IN_PLACE, in_place)
            found += 1
    return found


def _is_plain(module: Any) -> bool:
    names = list(module.lora_A)
    if len(names) != 1 or module.lora_variant or module.fan_in_fan_out or module.merged:
        return False
    base, name = module.get_base_layer(), names[0]
    return (
        isinstance(base, nn.Linear)
        and not base.weight.requires_grad
        and (type(base) is nn.Linear or hasattr(base, "unpacked"))
        and isinstance(module.lora_dropout[name], nn.Identity)
        and not module.lora_bias.get(name, False)
    )


def _forward(self: Any, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    if self.disable_adapters or self.merged:
        out: Tensor = type(self).forward(self, x, *args, **kwargs)
        return out
    name = self.active_adapters[0]
    a, b = self.lora_A[name].weight, self.lora_B[name].weight
    scale, in_place = float(self.scaling[name]), getattr(self, IN_PLACE)
    fused: Tensor = _Fused.apply(x, self.get_base_layer(), a, b, scale, in_place)
    return fused
