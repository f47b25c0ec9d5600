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
    """One variant: segments in the order they run, each a list of events."""

    order: tuple[str, ...]
    events: tuple[list[Any], ...]
    sizes: list[list[Any]]


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
    """The name of the precision that a recording was made in; 16-bit types take the same bytes."""
    base = "32" if options.dtype is Dtype.FP32 else "16"
    return base if options.autocast is Autocast.NONE else f"{base}-autocast"


def recording(family: str, options: StepOptions, *, gate: str, tied: bool, windowed: bool) -> Recording:
    """The recorded step that `options` describe.

    Raises `NothingToJudgeError` where no such variant was derived.
    """
    data = load(family)
    mark = f"{gate}/" if gate else ""
    method = {Method.FULL: "full", Method.PROMPT: "prompt"}.get(options.method, "frozen")
    if whole_lora(family, options):
        method = f"lora-{Dtype.FP32 if options.adapter_dtype is Dtype.FP32 else Dtype.BF16}"
    attention = _attention(options, windowed)
    saving = "recompute" if options.checkpointing else "keep"
    kind = precision(options)
    key = f"{mark}{method}/{kind}/{attention}/{saving}"
    end = f"{mark}{method}/{kind}/{saving}/{options.loss}/{_tie(method, tied)}"
    for store, wanted in ((data["bodies"], key), (data["ends"], end)):
        if wanted not in store:
            raise NothingToJudgeError(f"no coefficients were derived for {family} {wanted}", hint=TRACE)
    ends = data["ends"][end]
    parts = data["segments"]
    body = data["bodies"][key]
    return Recording(
        order=tuple(name for name, _ in body),
        events=tuple(parts[ends.get(name, number)] for name, number in body),
        sizes=data["sizes"],
    )


def whole_lora(family: str, options: StepOptions) -> bool:
    """Whether peft adapts experts as well, so that the step was recorded with its adapters."""
    plain = options.method in (Method.LORA, Method.RSLORA, Method.PISSA)
    return plain and options.targets == ("all-linear",) and "adapters" in load(family)["parameters"]


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
