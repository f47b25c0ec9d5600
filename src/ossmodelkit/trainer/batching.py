"""From examples to tensors: laid end to end (flat), or padded to the longest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor

from ossmodelkit.trainer.encoding import IGNORED, Example


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One forward pass. Flat batches have one row and `bounds` (the cumulative lengths); padded ones a `mask`.

    `weight` is what the summed loss is to be divided by, over this batch: learned tokens or rows.
    """

    tokens: Tensor
    positions: Tensor | None = None
    mask: Tensor | None = None
    labels: Tensor | None = None
    bounds: Tensor | None = None
    lengths: tuple[int, ...] = ()
    longest: int = 0
    targets: Tensor | None = None
    domains: Tensor | None = None
    weight: int = 0
    real_tokens: int = 0

    def to(self, device: torch.device) -> Self:
        """The same batch on a device, copied without waiting where memory is pinned."""
        if device.type == "cpu":
            return self
        moved = {
            field.name: getattr(self, field.name).pin_memory().to(device, non_blocking=True)
            for field in fields(self)
            if isinstance(getattr(self, field.name), Tensor)
        }
        return replace(self, **moved)


def flat(examples: Sequence[Example]) -> Batch:
    """Causal examples end to end; positions restart, and no label reaches over a border."""
    tokens = [token for example in examples for token in example.tokens]
    labels = [label for example in examples for label in (IGNORED, *example.labels[1:])]
    positions = [position for example in examples for position in range(len(example.tokens))]
    lengths = tuple(len(example.tokens) for example in examples)
    return Batch(
        tokens=torch.tensor([tokens]),
        labels=torch.tensor([labels]),
        positions=torch.tensor([positions]),
        bounds=torch.tensor([0, *lengths]).cumsum(0).to(torch.int32),
        lengths=lengths,
        longest=max(lengths),
        weight=sum(example.learned for example in examples),
        real_tokens=len(tokens),
    )


def padded(examples: Sequence[Example], *, pad: int, causal: bool = True) -> Batch:
    """Examples padded on the right to the longest."""
    tokens = _pad([example.tokens for example in examples], pad)
    mask = _pad([(1,) * len(example.tokens) for example in examples], 0)
    has_labels = bool(examples[0].labels)
    labels = _pad([example.labels for example in examples], IGNORED) if has_labels else None
    if causal and labels is not None:
        labels[:, 0] = IGNORED
    has_target, has_domain = not has_labels, examples[0].domain >= 0
    rows = len(examples)
    learned = sum(e.learned for e in examples) if causal else sum(len(e.labels) for e in examples)
    return Batch(
        tokens=tokens,
        mask=mask,
        labels=labels,
        longest=tokens.shape[1],
        targets=torch.tensor([example.target for example in examples]) if has_target else None,
        domains=torch.tensor([example.domain for example in examples]) if has_domain else None,
        weight=rows if has_target else learned,
        real_tokens=int(mask.sum()),
    )


def _pad(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])
