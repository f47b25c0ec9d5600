"""The derived coefficients: recorded steps of a family as sizes in letters, and what wrapping a layer adds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

from ossmodelkit.estimating.options import Attention, Autocast, Dtype, Method, StepOptions
from ossmodelkit.foundation.errors import NothingToJudgeError
from ossmodelkit.foundation.resources import config as shipped

TRACE = "use --trace, which follows the real model"
Letters = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One variant: segments by name in the order they run, each a list of events.

    Heads were recorded with one attention only. `freed_after` holds what this attention frees when its blocks are
    done, and what that one freed: their difference belongs to the start of the last `after`.
    """

    segments: dict[str, list[Any]]
    sizes: list[list[Any]]
    freed_after: tuple[list[Any], list[Any]]


@cache
def load(name: str) -> dict[str, Any]:
    """The file of a family, or of the adapters.

    Raises `NothingToJudgeError` when it was never derived.
    """
    path = shipped("coefficients", f"{name}.json")
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except OSError:
        raise NothingToJudgeError(f"no coefficients were derived for {name!r}", hint=TRACE) from None
    return found


def precision(options: StepOptions) -> str:
    """The name of the precision that a recording was made in; without autocast 16-bit types take the same bytes."""
    base = "32" if options.dtype is Dtype.FP32 else "16"
    if options.autocast is Autocast.NONE:
        return base
    if options.dtype is Dtype.FP16 and options.autocast is Autocast.BF16:
        return "fp16-autocast"
    return f"{base}-autocast"


def _recorded_precision(data: Mapping[str, Any], options: StepOptions) -> str:
    """As `precision`; experts are recorded in fp16 as well, because a card multiplies them at once in bf16 only."""
    kind = precision(options)
    own = kind == "16" and options.dtype is Dtype.FP16 and any("/fp16/" in key for key in data["ends"])
    return "fp16" if own else kind


def mixes_16_bit_types(options: StepOptions) -> bool:
    """Whether adapters are of the other 16-bit type than the weights: torch takes their sums in 32 bits."""
    types = {options.dtype, options.adapter_dtype}
    return options.autocast is Autocast.NONE and types == {Dtype.FP16, Dtype.BF16}


def recording(
    recorded: str,
    options: StepOptions,
    *,
    gate: str = "",
    tied: bool,
    windowed: bool,
    starts: tuple[str, ...] = (),
) -> Recording:
    """The recorded step that `options` describe, of a family (or its twin) by name.

    `starts` are the first layers that learn, where the first block begins to learn late. Raises
    `NothingToJudgeError` where no such variant was derived.
    """
    data = load(recorded)
    method = _method(recorded, options)
    saving = "recompute" if options.checkpointing else "keep"
    kind = _recorded_precision(data, options)
    attention = _attention(options, windowed)
    mark = f"{gate}/" if gate else ""
    key = f"{mark}{method}/{kind}/{attention}/{saving}"
    front = f"{mark}{method}/{kind}/{saving}"
    tie = _tie(method, tied)
    for store, wanted in ((data["bodies"], key), (data["ends"], f"{front}/{options.loss}/{tie}")):
        if wanted not in store:
            raise NothingToJudgeError(f"no coefficients were derived for {recorded} {wanted}", hint=TRACE)
    ends = data["ends"][f"{front}/{options.loss}/{tie}"]
    usual = data["ends"][f"{front}/full/{'tied' if method == 'full' else 'any'}"]
    body = dict(data["bodies"][key])
    unmasked = f"{mark}{method}/{kind}/{'eager' if options.attention is Attention.EAGER else 'sdpa'}/{saving}"
    late = data.get("starts", {}).get(start_key(unmasked, starts), {})
    parts = data["segments"]
    last = max(name for name in body if name.endswith("after"))
    chosen = {name: late.get(name, ends[name] if _is_end(name, last, ends, usual) else at) for name, at in body.items()}
    return Recording(
        segments={name: parts[at] for name, at in chosen.items()},
        sizes=data["sizes"],
        freed_after=(parts[body[last]], parts[usual[last]]),
    )


def start_key(variant: str, starts: tuple[str, ...]) -> str:
    """The name of a first block that begins to learn at these layers."""
    return f"{variant}/{'+'.join(starts)}"


def _is_end(name: str, last: str, ends: Mapping[str, int], usual: Mapping[str, int]) -> bool:
    """Whether loss and head decide over a segment; masks and the like are the attention's."""
    if name not in ends:
        return False
    return name in (last, "loss.back") or (name.endswith("before.back") and ends[name] != usual.get(name))


def _method(recorded: str, options: StepOptions) -> str:
    if whole_lora(recorded, options):
        return f"lora-{Dtype.FP32 if options.adapter_dtype is Dtype.FP32 else Dtype.BF16}"
    return {Method.FULL: "full", Method.PROMPT: "prompt"}.get(options.method, "frozen")


def whole_lora(recorded: str, options: StepOptions) -> bool:
    """Whether peft adapts experts as well, so that the step was recorded with its adapters."""
    plain = options.method in (Method.LORA, Method.RSLORA, Method.PISSA)
    return plain and options.targets in (("all-linear",), ("default",)) and "adapters" in load(recorded)["parameters"]


def _tie(method: str, tied: bool) -> str:
    """Only where the head learns does it matter whether it is the embedding."""
    return ("tied" if tied else "untied") if method == "full" else "any"


def _attention(options: StepOptions, windowed: bool) -> str:
    if options.attention is Attention.SDPA:
        return "sdpa-padded" if options.padded else "sdpa-window" if windowed else "sdpa"
    if options.attention is Attention.EAGER and options.padded:
        return "eager-padded"
    return options.attention.value


def amount(size: list[Any], letters: Letters) -> int:
    """`[factor, "B T H"]` as a number."""
    factor, names = size
    product: int = round(factor * prod(letters[name] for name in names.split()))
    return product
