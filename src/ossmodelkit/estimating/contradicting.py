"""What else a configuration says: another task, another activation, several models in one, weights packed already.

A number for the family would be given for something that was not meant: these are refused by the field's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ossmodelkit.foundation.errors import NothingToJudgeError

TRACE = "use --trace, which follows the real model"
SEVERAL = ("text_config", "vision_config", "audio_config", "thinker_config")
HEADS = {
    "causal-lm": ("CausalLM", "LMHeadModel"),
    "masked-lm": ("MaskedLM", "PreTraining"),
    "seq2seq": ("ConditionalGeneration", "LMHeadModel"),
    "image-classification": ("ImageClassification",),
}
ONE_PRODUCT = frozenset({"silu", "swish", "gelu", "gelu_pytorch_tanh"})  # each saves its input and nothing else
ACTIVATIONS = ("hidden_act", "hidden_activation", "activation_function")


def check_is_one_model(config: Mapping[str, Any], kind: str) -> None:
    """Raise `NothingToJudgeError` for a configuration that holds those of several models."""
    inner = [key for key in SEVERAL if config.get(key) is not None]
    if inner:
        raise NothingToJudgeError(
            f"config.json: model_type {kind!r} is made of several models ({', '.join(inner)})",
            hint="for its language model alone, give its text_config as a config.json of its own",
        )


def check_head(config: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Raise `NothingToJudgeError` for `architectures` that name another head than the one that was recorded."""
    first = _first_architecture(config)
    _, told, head = first.partition("For")
    if told and not head.endswith(HEADS[spec["task"]]):
        raise NothingToJudgeError(f"no coefficients were derived for {first!r}, only for its family", hint=TRACE)


def remarks(config: Mapping[str, Any], kind: str, known: frozenset[str]) -> tuple[str, ...]:
    """A word where `architectures` names another family: loaders go by the model_type."""
    first = _first_architecture(config)
    family = first.partition("For")[0].lower()
    if family not in known or family == kind.replace("_", ""):
        return ()
    return (f"config.json: architectures says {first!r}, model_type {kind!r}: the model_type was believed",)


def _first_architecture(config: Mapping[str, Any]) -> str:
    named = config.get("architectures")
    return str(named[0])[:60] if isinstance(named, list) and named else ""


def check_activation(config: Mapping[str, Any], spec: Mapping[str, Any], kind: str) -> None:
    """Raise `NothingToJudgeError` for an activation that saves other tensors than the one that was recorded."""
    own = spec.get("activation", "silu")
    for key in ACTIVATIONS:
        value = config.get(key)
        if value is None or value == own or (own in ONE_PRODUCT and value in ONE_PRODUCT):
            continue
        raise NothingToJudgeError(
            f"no coefficients were derived for {kind} with {key} = {str(value)[:40]!r}", hint=TRACE
        )


def check_packed(config: Mapping[str, Any], *, has_headers: bool, quantized: bool) -> None:
    """Raise `NothingToJudgeError` for weights that are packed in a way only their own headers can tell."""
    packed = config.get("quantization_config")
    if packed is None or has_headers or quantized:
        return
    how = str(packed.get("quant_method", "unknown"))[:40] if isinstance(packed, Mapping) else "unknown"
    raise NothingToJudgeError(
        f"config.json: quantization_config says the weights are packed ({how}), and no headers tell their bytes",
        hint="give the repository with its safetensors, or say how the base is held: --quantize int8 or nf4",
    )


__all__ = ["check_activation", "check_head", "check_is_one_model", "check_packed", "remarks"]
