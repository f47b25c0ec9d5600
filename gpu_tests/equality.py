"""On the card, too, the fast path says what plain transformers and peft say."""

from __future__ import annotations

from typing import Any

import torch

from gpu_tests.shapes import DEVICE, FAST, PLAIN, TINY, learner_of, plan_of, rows
from ossmodelkit.trainer.batching import flat, padded

LENGTHS = [37, 200, 5, 128, 64]
ALLOWED = {torch.bfloat16: 1e-2, torch.float32: 1e-4}


def run() -> dict[str, Any]:
    """Relative differences of loss and gradients; raises `AssertionError` where one is too large."""
    found = {}
    for dtype, allowed in ALLOWED.items():
        plain_loss, plain = _once(PLAIN, dtype)
        for name, speed in _ways():
            loss, gradients = _once(speed, dtype)
            apart = abs(loss - plain_loss) / plain_loss
            cosine = float(torch.nn.functional.cosine_similarity(gradients, plain, dim=0))
            found[f"{name} {dtype}"] = {"loss": apart, "gradient_cosine": cosine}
            assert apart <= allowed, (name, dtype, apart)
            assert cosine >= 1 - allowed, (name, dtype, cosine)
    return found


def _ways() -> list[tuple[str, dict[str, Any]]]:
    """Every part alone, all together, and all with blocks made again."""
    parts = [(name, {part: name == part for part in FAST}) for name in FAST]
    again = [(f"all, recompute {kind}", FAST | {"recompute": kind}) for kind in ("selective", True)]
    return [*parts, ("all", dict(FAST)), *again]


def _once(speed: dict[str, Any], dtype: torch.dtype) -> tuple[float, torch.Tensor]:
    learner, fast = learner_of(TINY, plan_of(speed), dtype=dtype)
    assert not fast.refused, fast.refused
    chance = torch.Generator(device=DEVICE).manual_seed(5)
    for name, parameter in learner.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0.0, 0.05, generator=chance)
    examples = rows(LENGTHS, TINY["vocab_size"])
    batch = (flat(examples) if fast.packing else padded(examples, pad=0)).to(DEVICE)
    loss = learner(batch) / batch.weight
    loss.backward()
    named = sorted((name, p.grad) for name, p in learner.named_parameters() if p.grad is not None)
    return float(loss.detach()), torch.cat([gradient.float().flatten() for _, gradient in named])
