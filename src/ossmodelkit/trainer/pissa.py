"""PiSSA takes the base apart; what is shipped must fit the base as it was published.

W = W' + s B0 A0 at the start, so the tuned weight is W + s (B A - B0 A0): a plain LoRA of twice the
rank (Meng et al. 2024, appendix C).
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

KEPT = "kit_begin"


def remember(model: nn.Module) -> None:
    """Keep A0 and B0 beside what learns."""
    for module in model.modules():
        if hasattr(module, "lora_A") and "default" in getattr(module, "lora_A", {}):
            first = (module.lora_A["default"].weight, module.lora_B["default"].weight)
            setattr(module, KEPT, tuple(part.detach().clone() for part in first))


def beginnings(model: nn.Module) -> dict[str, tuple[Tensor, Tensor]]:
    """`{module: (A0, B0)}` under peft's names."""
    return {name: getattr(module, KEPT) for name, module in model.named_modules() if hasattr(module, KEPT)}


def rewrite(folder: Path, first: dict[str, tuple[Tensor, Tensor]]) -> None:
    """Turn the saved adapter in `folder` into a plain LoRA of twice the rank."""
    path = folder / "adapter_model.safetensors"
    saved, changed = load_file(path), {}
    for name, value in saved.items():
        module, _, part = name.removesuffix(".weight").rpartition(".")
        if module not in first or part not in ("lora_A", "lora_B"):
            changed[name] = value
            continue
        before = first[module][part == "lora_B"].to(value)
        changed[name] = torch.cat((value, before), 0) if part == "lora_A" else torch.cat((value, -before), 1)
    save_file({name: value.contiguous() for name, value in changed.items()}, path, metadata={"format": "pt"})
    settings = json.loads((folder / "adapter_config.json").read_text())
    settings |= {"r": 2 * settings["r"], "lora_alpha": 2 * settings["lora_alpha"], "init_lora_weights": True}
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True))
