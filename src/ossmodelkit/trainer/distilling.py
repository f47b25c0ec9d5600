"""Make a smaller student out of a model: keep evenly spaced blocks, first and last among them."""

from __future__ import annotations

from torch import nn

from ossmodelkit.trainer.troubles import Trouble


def cut_student(model: nn.Module, keep: int) -> None:
    """Keep `keep` blocks of `model`, in place."""
    lists = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.ModuleList)]
    name, blocks = max(lists, key=lambda found: len(found[1]), default=("", nn.ModuleList()))
    if not 1 <= keep <= len(blocks):
        raise Trouble(f"cannot keep {keep} of {len(blocks)} blocks", hint="lower distill.keep_layers")
    chosen = spaced(len(blocks), keep)
    parent, _, last = name.rpartition(".")
    kept = nn.ModuleList(blocks[index] for index in chosen)
    for index, block in enumerate(kept):
        for module in block.modules():
            if hasattr(module, "layer_idx"):
                module.layer_idx = index
    setattr(model.get_submodule(parent), last, kept)
    _tell_config(model, keep, chosen)


def spaced(count: int, keep: int) -> list[int]:
    """`keep` numbers out of 0 … count-1, evenly spaced, the ends included."""
    if keep == 1:
        return [0]
    return [round(index * (count - 1) / (keep - 1)) for index in range(keep)]


def _tell_config(model: nn.Module, keep: int, chosen: list[int]) -> None:
    config = model.config
    for name in ("num_hidden_layers", "n_layer", "num_layers", "n_layers"):
        if name in config.to_dict():
            setattr(config, name, keep)
    kinds = getattr(config, "layer_types", None)
    if kinds:
        config.layer_types = [kinds[index] for index in chosen]
