"""Models made from a base as people make them: merged and unmerged adapters, other types, more tokens."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any


def adapter(
    base: Path, out: Path, targets: Any, *, merged: bool, seed: int = 1, idle: bool = False, **more: Any
) -> Path:
    """A LoRA of rank 4 by peft, beside the base or merged into it. An idle one is as it was begun."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    settings = LoraConfig(r=4, lora_alpha=1, target_modules=targets, init_lora_weights=idle, **more)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), settings)
    (model.merge_and_unload() if merged else model).save_pretrained(out)
    return with_tokenizer(base, out)


def edited(base: Path, out: Path, edit: Any, **saving: Any) -> Path:
    """The base after `edit(model)`, saved by transformers."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        model = edit(model) or model
    model.save_pretrained(out, **saving)
    return with_tokenizer(base, out)


def with_tokenizer(base: Path, out: Path) -> Path:
    """The base's own tokenizer files beside the weights."""
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        if (base / name).exists():
            shutil.copy(base / name, out / name)
    return out
