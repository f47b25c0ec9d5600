"""An adapter's tensors: which modules of the base they change, with which rank, and whether they fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from ossmodelkit.formats.tensors import Tensor

OUTER = re.compile(r"^(base_model\.model\.|base_model\.)")
PART = re.compile(
    r"^(?P<module>.+?)\.(?P<part>lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector|ia3_l)(\.default)?(\.weight)?$"
)
SAVED = re.compile(r"\.modules_to_save(\.default)?\.")
DOWN, UP = ("lora_A", "lora_embedding_A"), ("lora_B", "lora_embedding_B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One module of the base that an adapter changes.

    `idle` says that it adds nothing (its upper half is zero); `trouble` why it does not fit the base.
    `scale` multiplies the product of its halves; `relative` is the size of that against the base's weight.
    """

    module: str
    parts: tuple[str, ...]
    rank: int = 0
    scale: float = 1.0
    idle: bool = False
    trouble: str = ""
    down: Tensor | None = None
    up: Tensor | None = None
    weight: Tensor | None = None
    relative: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """What an adapter's settings say about it, and the modules that it touches."""

    kind: str
    base: str
    touches: tuple[Touch, ...] = ()
    prompts: tuple[str, ...] = ()


def split(tensors: Mapping[str, Tensor]) -> tuple[dict[str, dict[str, Tensor]], dict[str, Tensor], tuple[str, ...]]:
    """Parts by module, whole tensors that stand in for the base's, and tensors of a tuned prompt."""
    parts: dict[str, dict[str, Tensor]] = {}
    whole: dict[str, Tensor] = {}
    prompts: list[str] = []
    for name, tensor in tensors.items():
        inner = OUTER.sub("", name)
        found = PART.match(inner)
        if found:
            parts.setdefault(found["module"], {})[found["part"]] = tensor
        elif "prompt" in inner and "." not in inner.replace("prompt_encoder.default.embedding.weight", ""):
            prompts.append(name)
        else:
            whole[SAVED.sub(".", inner)] = tensor
    return parts, whole, tuple(prompts)


def touches(
    parts: Mapping[str, Mapping[str, Tensor]],
    config: Mapping[str, Any],
    base: Mapping[str, Tensor],
    is_zero: Callable[[Tensor], bool],
) -> tuple[Touch, ...]:
    """Each module that is adapted, held against the base's weight."""
    return tuple(_touch(module, held, config, base, is_zero) for module, held in parts.items())


def _touch(
    module: str,
    parts: Mapping[str, Tensor],
    config: Mapping[str, Any],
    base: Mapping[str, Tensor],
    is_zero: Callable[[Tensor], bool],
) -> Touch:
    down = next((parts[one] for one in DOWN if one in parts), None)
    up = next((parts[one] for one in UP if one in parts), None)
    rank = min(down.shape) if down and down.shape else 0
    weight = base.get(f"{module}.weight") or base.get(module)
    # A zero half adds nothing, unless DoRA's magnitudes or IA3's factors change the weight all the same.
    idle = up is not None and len(parts) == len({*DOWN, *UP} & set(parts)) and is_zero(up)
    return Touch(
        module=module,
        parts=tuple(sorted(parts)),
        rank=rank,
        scale=_scale(config, module, rank),
        idle=idle,
        trouble=_trouble(weight, down, up),
        down=down,
        up=up,
        weight=weight,
    )


def _scale(config: Mapping[str, Any], module: str, rank: int) -> float:
    alpha = config.get("lora_alpha")
    own = config.get("alpha_pattern")
    if isinstance(own, dict):
        alpha = next((value for key, value in own.items() if module == key or module.endswith(f".{key}")), alpha)
    if not isinstance(alpha, (int, float)) or not rank:
        return 1.0
    return float(alpha) / (sqrt(rank) if config.get("use_rslora") is True else rank)


def _trouble(weight: Tensor | None, down: Tensor | None, up: Tensor | None) -> str:
    if weight is None:
        return "the base has no such module"
    if down is None or up is None:
        return "" if down is up else "one half of it is missing"
    sides = {down.shape[-1:], up.shape[:1]} if len(down.shape) == len(up.shape) == 2 else set()
    fits = all(side[0] in weight.shape for side in sides)
    return "" if fits else f"made for {up.shape[0]} × {down.shape[-1]}, the base has {_times(weight.shape)}"


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
