"""Liger's Triton kernels for norms, rotary positions and SwiGLU, where they are installed and proven equal."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from ossmodelkit.trainer.troubles import Trouble

TOLERANCE = 6e-2  # of the largest logit in bf16, as for the other parts of the fast path


def use_liger(model: nn.Module, device: torch.device) -> str:
    """Put Liger's kernels into `model`; gives back why not, where they cannot be.

    The model is asked before and after. Liger changes transformers' classes and cannot be taken out again,
    so a model that then answers differently ends the run.
    """
    if device.type != "cuda":
        return "liger: its kernels need a CUDA card"
    if find_spec("liger_kernel") is None:
        return "liger: not installed (pip install liger-kernel)"
    before = _say(model, device)
    module = import_module("liger_kernel.transformers.monkey_patch")
    kind = str(getattr(model.config, "model_type", ""))
    if kind not in module.MODEL_TYPE_TO_APPLY_LIGER_FN:
        return f"liger: no kernels for {kind}"
    module._apply_liger_kernel_to_instance(model=model, cross_entropy=False, fused_linear_cross_entropy=False)
    apart = float((_say(model, device) - before).abs().max() / before.abs().max().clamp_min(1e-6))
    if not apart <= TOLERANCE:
        raise Trouble(
            f"with Liger's kernels the base answers differently ({apart:.1e})", hint="set speed.liger = false"
        )
    return ""


def _say(model: nn.Module, device: torch.device) -> Tensor:
    chance = torch.Generator().manual_seed(2)
    vocabulary = int(model.config.get_text_config().vocab_size)
    tokens = torch.randint(vocabulary, (1, 24), generator=chance).to(device)
    was = model.training
    model.eval()
    try:
        with torch.no_grad():
            found: Tensor = model(input_ids=tokens).logits
            return found.float()
    finally:
        model.train(was)
