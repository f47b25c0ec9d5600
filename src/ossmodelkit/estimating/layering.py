"""Which kind each block of a model is: with a sliding window or without, with experts or dense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ossmodelkit.foundation.errors import UsageError

LARGEST = 10**9  # no size of a real model comes near


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block: whether its attention looks back through a window only, and whether it lacks the others' experts."""

    sliding: bool = False
    dense: bool = False


def size(value: object, key: str) -> int:
    """A size out of a configuration.

    Raises `UsageError` naming the field for anything that is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"config.json: {key} is {str(value)[:40]!r}, wanted a whole number")
    if not 1 <= value <= LARGEST:
        raise UsageError(f"config.json: {key} is {value}", hint="a size must lie between 1 and a thousand million")
    return value


def window(config: Mapping[str, Any], spec: Mapping[str, Any]) -> int:
    """Tokens that a sliding window holds; 0 without one."""
    key = spec.get("window")
    if not key or ("window_flag" in spec and not config.get(spec["window_flag"])):
        return 0
    value = config.get(key, spec.get("window_default", 0))
    return size(value, str(key)) if value else 0


def blocks(
    config: Mapping[str, Any], spec: Mapping[str, Any], letters: Mapping[str, int], *, window: int
) -> tuple[Block, ...]:
    """The kind of every block of the first stack.

    Raises `UsageError` for lists that contradict the number of blocks.
    """
    count = letters["L"]
    types = config.get("layer_types")
    if isinstance(types, list) and len(types) != count:
        raise UsageError(
            f"config.json: layer_types names {len(types)} layers, {spec['fields']['L']} is {count}",
            hint="correct the one that is wrong",
        )
    slides = _sliding(config, spec, count) if window else [False] * count
    dense = _dense(config, letters, count) if "dense" in spec else [False] * count
    if any(dense) and "I" not in letters:
        raise UsageError(
            "config.json: field 'intermediate_size' is missing, and some blocks are dense",
            hint="give the complete config.json",
        )
    return tuple(Block(sliding=one, dense=other) for one, other in zip(slides, dense, strict=True))


def _sliding(config: Mapping[str, Any], spec: Mapping[str, Any], count: int) -> list[bool]:
    types = config.get("layer_types")
    if isinstance(types, list):
        return [kind == "sliding_attention" for kind in types]
    if "full_every" in spec:  # every sixth block of Gemma 3 sees everything
        every = size(config.get("sliding_window_pattern", spec["full_every"]), "sliding_window_pattern")
        return [bool((number + 1) % every) for number in range(count)]
    if "full_first" in spec:  # Qwen: the first `max_window_layers` see everything
        first = config.get(spec["full_first"], spec["full_first_default"])
        if isinstance(first, bool) or not isinstance(first, int) or first < 0:
            raise UsageError(f"config.json: {spec['full_first']} is {str(first)[:40]!r}, wanted a whole number")
        return [number >= first for number in range(count)]
    return [True] * count


def _dense(config: Mapping[str, Any], letters: Mapping[str, int], count: int) -> list[bool]:
    only = config.get("mlp_only_layers") or []
    if not isinstance(only, list) or not all(type(number) is int and 0 <= number < count for number in only):
        raise UsageError(
            f"config.json: mlp_only_layers is {str(only)[:60]}, wanted numbers of blocks below {count}",
            hint="correct the one that is wrong",
        )
    step = config.get("decoder_sparse_step", 1)
    step = size(1 if step is None else step, "decoder_sparse_step")
    return [number in only or (number + 1) % step != 0 for number in range(count)]


__all__ = ["LARGEST", "Block", "blocks", "size", "window"]
