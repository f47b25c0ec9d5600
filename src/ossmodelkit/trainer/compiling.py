"""Compile the repeated block: one graph, used for every layer."""

from __future__ import annotations

import torch
from torch import nn

from ossmodelkit.trainer.troubles import first_line


def compile_blocks(model: nn.Module, device: torch.device) -> str:
    """Compile every block of `model`; gives back why not, where this machine cannot.

    Without a working compiler the error would only come with the first step, so a line of arithmetic is
    compiled first.
    """
    try:
        torch.compile(_line)(torch.ones(8, device=device))
    except Exception as error:
        return f"compile: {first_line(error)[:160]}"
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    for block in max(lists, key=len, default=[]):
        block.compile(dynamic=True)
    return ""


def _line(x: torch.Tensor) -> torch.Tensor:
    return x * 2.0 + 1.0
