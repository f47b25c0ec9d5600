"""Weight-only int8: one scale a row, exact gradients for everything that is not the weight.

A subclass of `nn.Linear`, so peft, fake tensors and checkpointing take it for one. The base is frozen
and adapters learn; the weight is unpacked for each product and thrown away.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as fn


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: Int8Linear) -> Tensor:
        ctx.layer = layer
        return fn.linear(x, layer.unpacked(x.dtype), layer.bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return grads[0] @ ctx.layer.unpacked(grads[0].dtype), None


class Int8Linear(nn.Linear):
    """A frozen linear layer of int8 weights with one fp32 scale for each output row."""

    def __init__(self, source: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.made_of = source.weight.dtype
        self.in_features, self.out_features = source.in_features, source.out_features
        weight = source.weight.detach().float()
        scale = weight.abs().amax(1).clamp_min_(torch.finfo(torch.float32).tiny) / 127.0
        rounded = (weight / scale[:, None]).round_().clamp_(-127, 127).to(torch.int8)
        self.weight = nn.Parameter(rounded, requires_grad=False)
        self.register_buffer("scale", scale)
        self.scale: Tensor
        bias = source.bias
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone(), requires_grad=False)

    def forward(self, input: Tensor) -> Tensor:
        """The product with the unpacked weight."""
        out: Tensor = _Product.apply(input, self)
        return out

    def unpacked(self, dtype: torch.dtype) -> Tensor:
        """The weight as `dtype`."""
        return self.weight.to(dtype).mul_(self.scale.to(dtype)[:, None])

    @property
    def W_q(self) -> torch.Tensor:  # noqa: N802 - peft asks layers that have this to dequantize themselves
        """The weight as it is held."""
        return self.weight

    def dequantize(self) -> Tensor:
        """The weight as it was, for adapters that need its norm."""
        return self.unpacked(self.made_of)


def as_linear(module: nn.Module) -> nn.Linear | None:
    """The plain linear layer that `module` is, GPT-2's transposed ones turned round; None for anything else."""
    if type(module) is nn.Linear:
        return module
    if type(module).__name__ != "Conv1D":
        return None
    weight: Tensor = module.weight.detach().T
    plain = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    plain.weight = nn.Parameter(weight, requires_grad=False)
    plain.bias = module.bias
    return plain


def pack(model: nn.Module, *, keep: frozenset[str]) -> int:
    """Replace every linear layer but those named in `keep`, freeing the original at once; how many there were."""
    replaced = 0
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            plain = as_linear(child)
            if plain is not None and name not in keep:
                setattr(parent, name, Int8Linear(plain))
                replaced += 1
    return replaced
