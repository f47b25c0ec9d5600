"""Is the fast path exact for this model? Asked of the model itself, before the first step.

A list of supported architectures grows old; two short rows answer for any: packed they must give the
logits they give alone, and head-after-decoder must give the model's own logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ossmodelkit.core.plan import MethodName, Plan, Task
from ossmodelkit.trainer import fused_lora, varlen
from ossmodelkit.trainer.batching import flat, padded
from ossmodelkit.trainer.encoding import Example
from ossmodelkit.trainer.learning import CausalLearner, arguments

TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 6e-2, torch.float16: 2e-2}


@dataclass(frozen=True, slots=True, kw_only=True)
class FastPath:
    """Which parts are on, and why a part that was asked for is not."""

    packing: bool = False
    chunked_loss: bool = False
    fused_lora: int = 0
    compile: bool = False
    liger: bool = False
    recompute: str = "off"
    refused: tuple[str, ...] = ()


def choose(model: nn.Module, plan: Plan, *, vocabulary: int, recompute: str = "off") -> FastPath:
    """Switch on what the plan asks for and this model passes; leaves the model ready for it."""
    fused = 0
    if plan.speed.fused_lora and plan.method.name is MethodName.LORA:
        fused = fused_lora.fuse(model, in_place=recompute != "selective")
    if plan.task is not Task.CAUSAL_LM or plan.method.name is MethodName.PROMPT_TUNING:
        return FastPath(fused_lora=fused)
    refused: list[str] = []
    packing = plan.speed.packing and _try_packing(model, vocabulary, refused)
    chunked = plan.speed.chunked_loss and plan.distill is None and _try_chunks(model, vocabulary, refused)
    return FastPath(packing=packing, chunked_loss=chunked, fused_lora=fused, refused=tuple(refused))


def _try_packing(model: nn.Module, vocabulary: int, refused: list[str]) -> bool:
    learner = CausalLearner(model)
    rows = _rows(vocabulary)
    expected = [_quiet_logits(learner, [row]) for row in rows]
    before = model.config._attn_implementation
    try:
        varlen.register()
        learner.inner.set_attn_implementation(varlen.NAME)
        packed = _quiet_logits(learner, rows, packed=True)
        apart = _apart(packed, torch.cat(expected, 1))
        if apart <= _tolerance(packed):
            return True
        refused.append(f"packing: rows laid end to end differ from rows alone by {apart:.1e}")
    except Exception as error:
        refused.append(f"packing: {str(error).splitlines()[0][:160] if str(error) else type(error).__name__}")
    learner.inner.set_attn_implementation(before)
    return False


def _try_chunks(model: nn.Module, vocabulary: int, refused: list[str]) -> bool:
    learner = CausalLearner(model)
    row = _rows(vocabulary)[:1]
    packed = model.config._attn_implementation == varlen.NAME
    try:
        head = learner.inner.get_output_embeddings()
        if type(head) is not nn.Linear:
            raise TypeError(f"the head is a {type(head).__name__}")
        batch = (flat(row) if packed else padded(row, pad=0)).to(head.weight.device)
        with torch.no_grad(), _evaluating(model):
            expected = learner.logits(batch)
            logits = head(learner.inner.get_decoder()(**arguments(batch))[0])
        apart = _apart(logits, expected)
        if apart <= _tolerance(expected):
            return True
        refused.append(f"chunked loss: this model does more to its logits than its head ({apart:.1e})")
    except Exception as error:
        refused.append(f"chunked loss: {str(error).splitlines()[0][:160] if str(error) else type(error).__name__}")
    return False


def _rows(vocabulary: int) -> list[Example]:
    chance = torch.Generator().manual_seed(0)
    lengths = (7, 12, 5)
    tokens = [torch.randint(vocabulary, (n,), generator=chance).tolist() for n in lengths]
    return [Example(tokens=tuple(row), labels=tuple(row)) for row in tokens]


def _quiet_logits(learner: CausalLearner, rows: list[Example], *, packed: bool = False) -> Tensor:
    device = next(learner.parameters()).device
    batch = (flat(rows) if packed else padded(rows, pad=0)).to(device)
    with torch.no_grad(), _evaluating(learner):
        return learner.logits(batch).float()


class _evaluating:  # noqa: N801 - read as a word in a with statement
    """Dropout off for a moment."""

    def __init__(self, module: nn.Module) -> None:
        self.module, self.was = module, module.training

    def __enter__(self) -> None:
        self.module.eval()

    def __exit__(self, *error: object) -> None:
        self.module.train(self.was)


def _apart(found: Tensor, expected: Tensor) -> float:
    scale = expected.float().abs().max().clamp_min(1e-6)
    return float((found.float() - expected.float()).abs().max() / scale)


def _tolerance(logits: Tensor) -> float:
    return TOLERANCE.get(logits.dtype, 1e-4)
