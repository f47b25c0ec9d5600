"""Head and loss in chunks over the learned positions only.

Whole logits in fp32 cost 4-9 GiB at 4k-8k tokens of a 128k vocabulary, and masked positions pay for
nothing. The gradient of the hidden states is made in the forward pass, so no logits are kept.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as fn

LOGITS_AT_ONCE = 32 * 1024 * 1024  # elements: 128 MiB of fp32


class _HeadAndLoss(torch.autograd.Function):
    """Sum of cross entropies of `hidden @ weight.T + bias` against `labels`."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor) -> Tensor:
        needs_hidden, needs_weight, needs_bias = ctx.needs_input_grad[:3]
        grad_hidden = torch.empty_like(hidden) if needs_hidden else None
        grad_weight = torch.zeros_like(weight, dtype=torch.float32) if needs_weight else None
        grad_bias = torch.zeros_like(bias, dtype=torch.float32) if needs_bias and bias is not None else None
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, hidden.shape[0], rows := max(1, LOGITS_AT_ONCE // weight.shape[0])):
            part, wanted = hidden[start : start + rows], labels[start : start + rows]
            logits = fn.linear(part, weight, bias).float()
            spread = torch.logsumexp(logits, -1)
            total += (spread - logits.gather(-1, wanted[:, None]).squeeze(-1)).sum()
            logits.sub_(spread[:, None]).exp_()
            logits.scatter_add_(-1, wanted[:, None], logits.new_full((len(wanted), 1), -1.0))
            slope = logits.to(hidden.dtype)
            if grad_hidden is not None:
                torch.mm(slope, weight.to(slope.dtype), out=grad_hidden[start : start + rows])
            if grad_weight is not None:
                grad_weight.addmm_(slope.T.float(), part.float())
            if grad_bias is not None:
                grad_bias += logits.sum(0)
        ctx.save_for_backward(grad_hidden, grad_weight, grad_bias)
        ctx.dtypes = weight.dtype, bias.dtype if bias is not None else None
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        grad_hidden, grad_weight, grad_bias = ctx.saved_tensors
        by = grads[0]
        return (
            None if grad_hidden is None else grad_hidden * by.to(grad_hidden.dtype),
            None if grad_weight is None else (grad_weight * by).to(ctx.dtypes[0]),
            None if grad_bias is None else (grad_bias * by).to(ctx.dtypes[1]),
            None,
        )


def head_and_loss(hidden: Tensor, head: torch.nn.Linear, labels: Tensor) -> Tensor:
    """Summed loss of positions that are learned; `hidden` and `labels` are already shifted against each other."""
    learned = labels >= 0
    total: Tensor = _HeadAndLoss.apply(hidden[learned], head.weight, head.bias, labels[learned])
    return total


def plain_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The same sum from whole logits, the way transformers does it."""
    flat = logits.float().flatten(0, -2)
    return fn.cross_entropy(flat, labels.flatten().to(flat.device), ignore_index=-100, reduction="sum")
