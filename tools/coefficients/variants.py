"""Every way a step can run that is recorded on its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ossmodelkit.estimating.options import Attention, Autocast, Dtype, Loss, Method, Quantize, StepOptions

PRECISIONS = {
    "16": (Dtype.BF16, Autocast.NONE),
    "32": (Dtype.FP32, Autocast.NONE),
    "32-autocast": (Dtype.FP32, Autocast.BF16),
    "16-autocast": (Dtype.BF16, Autocast.BF16),
    "fp16-autocast": (Dtype.FP16, Autocast.BF16),
}
FP16 = {"fp16": (Dtype.FP16, Autocast.NONE)}  # experts multiply differently in bf16, where a card does it at once
MIXED = {"mixed": (Dtype.FP16, Autocast.NONE)}  # under adapters in bf16: their sums are in fp32
ATTENTIONS = {
    "sdpa": {"attention": Attention.SDPA},
    "sdpa-padded": {"attention": Attention.SDPA, "padded": True},
    "sdpa-window": {"attention": Attention.SDPA},
    "eager": {"attention": Attention.EAGER},
    "eager-padded": {"attention": Attention.EAGER, "padded": True},
    "varlen": {"attention": Attention.VARLEN},
}


def methods_of(family: dict[str, Any]) -> list[str]:
    """What is recorded: all weights learn, none does, a prompt does; with experts, also whole LoRA.

    peft gives experts adapters of their own kind, which cannot be laid around a linear layer afterwards.
    """
    adapted = "E" in family["fields"] and not family.get("plain_experts")
    recorded: list[str] = family.get("methods", ["full", "frozen", "prompt"])
    return recorded + (["lora-fp32", "lora-bf16"] if adapted else [])


def variants(family: dict[str, Any]) -> list[dict[str, Any]]:
    """Every variant of a family that is traced, as keyword arguments and a key."""
    attentions = [
        name
        for name in ATTENTIONS
        if name.split("-")[0] in family.get("attention", ["sdpa", "eager", "varlen"])
        and (name != "sdpa-window" or "window" in family)
        and not (family["task"] == "image-classification" and "padded" in name)
    ]
    out = []
    precisions = PRECISIONS | FP16 if "E" in family["fields"] else PRECISIONS
    for method, precision, attention, saving in itertools.product(
        methods_of(family), precisions, attentions, (False, True)
    ):
        if method == "prompt" and attention == "varlen":
            continue
        key = f"{method}/{precision}/{attention}/{'recompute' if saving else 'keep'}"
        out.append({"key": key, "method": method, "precision": precision, "attention": attention, "saving": saving})
    return out


def options_for(variant: dict[str, Any], value: dict[str, int], loss: Loss) -> StepOptions:
    """The options behind a variant."""
    from ossmodelkit.trainer.tracing_symbols import PROMPT_TOKENS, SYMBOLS

    dtype, autocast = (PRECISIONS | FP16)[variant["precision"]]
    name, _, adapter = variant["method"].partition("-")
    return StepOptions(
        method={"prompt": Method.PROMPT, "lora": Method.LORA}.get(name, Method.FULL),
        rank=SYMBOLS["r"][0],
        batch=value["B"],
        seq=value["T"],
        dtype=dtype,
        autocast=autocast,
        adapter_dtype=Dtype(adapter or "fp32"),
        checkpointing=variant["saving"],
        loss=loss,
        prompt_tokens=PROMPT_TOKENS,
        **ATTENTIONS[variant["attention"]],  # type: ignore[arg-type]
    )


def starting(family: dict[str, Any], variant: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Where the first block may begin to learn late; masks and packing change nothing about that.

    Where one part runs beside the rest of a block, either may begin late or not learn at all. Recomputing makes the
    embedding's output need a gradient anyway.
    """
    if variant["method"] != "frozen" or variant["saving"] or variant["attention"] not in ("sdpa", "eager"):
        return
    starts = family.get("starts", ())
    if not (beside := family.get("beside")):
        yield from ((start,) for start in starts)
        return
    part = [beside, *(start for start in starts if beside in start.split("."))]
    rest = [start for start in starts if start not in part]
    sides = itertools.product([(), *((start,) for start in part)], [(), *((start,) for start in rest)])
    yield from (one + other for one, other in sides if one + other not in ((), (part[0], rest[0])))


def adapter_variants() -> Iterator[tuple[str, StepOptions, bool, bool, bool]]:
    """Every layer that is recorded: key, options, whether it is GPT-2's kind, scaled before it, and fed 32 bits."""
    for method, quantize, (precision, (dtype, autocast)), adapter, conv, forward in itertools.product(
        (Method.FULL, Method.LORA, Method.DORA, Method.IA3),
        Quantize,
        (PRECISIONS | MIXED).items(),
        (Dtype.FP32, Dtype.BF16),
        (False, True),
        (False, True),
    ):
        if (forward and method is not Method.IA3) or (conv and quantize is not Quantize.NONE):
            continue  # held in 8 or 4 bits, GPT-2's layers are plain linear ones
        if method is Method.FULL and (adapter is Dtype.BF16 or precision in MIXED):
            continue
        if precision in MIXED and adapter is Dtype.FP32:
            continue
        name = "plain" if method is Method.FULL else method.value + ("-ff" if forward else "")
        kind = "conv1d" if conv else "linear"
        for wide in (False, True) if autocast is not Autocast.NONE else (dtype is Dtype.FP32,):
            options = StepOptions(
                method=Method.LORA if method is Method.FULL else method,
                quantize=quantize,
                dtype=dtype,
                autocast=autocast,
                adapter_dtype=adapter,
                rank=43,
            )
            key = f"{name}/{kind}/{quantize}/{precision}/{4 if wide else 2}/{adapter}"
            yield key, _plain(options) if method is Method.FULL else options, conv, forward, wide


def _plain(options: StepOptions) -> StepOptions:
    made = object.__new__(StepOptions)
    for field in StepOptions.__dataclass_fields__:
        object.__setattr__(made, field, Method.FULL if field == "method" else getattr(options, field))
    return made
