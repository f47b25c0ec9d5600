"""Inference: weights, the cache of keys and values by length and concurrency, and a workspace."""

from __future__ import annotations

from ossmodelkit.estimating.architecture import Architecture
from ossmodelkit.estimating.memory import Categories, Peak
from ossmodelkit.estimating.options import StepOptions
from ossmodelkit.estimating.parameters import base_bytes, tensors

PREFILL_AT_ONCE = 8192  # tokens; servers read long prompts in pieces


def cache_bytes(model: Architecture, options: StepOptions) -> int:
    """Keys and values of `batch` sequences of `seq` tokens in all blocks; a window bounds their length."""
    if model.task not in ("causal-lm", "seq2seq"):
        return 0
    length = min(options.seq, model.window) if model.window else options.seq
    blocks = model.stacks[-1]
    one = 2 * model.letters["K"] * model.letters["D"] * options.dtype.bytes
    crossed = 2 if len(model.stacks) > 1 else 1  # a decoder keeps the encoder's keys and values too
    return options.batch * length * blocks * one * crossed


def inference_peak(model: Architecture, options: StepOptions) -> Peak:
    """Weights, cache and the workspace of reading a prompt and of one row of logits for each sequence."""
    weights = base_bytes(model, options)
    cache = cache_bytes(model, options)
    letters = model.letters
    tokens = min(options.batch * letters.get("T", options.seq), PREFILL_AT_ONCE)
    inner = letters.get("I") or letters["M"] * letters["C"]
    width = options.dtype.bytes
    block = tokens * (3 * letters["H"] + max(3 * inner, 4 * letters["A"] * letters["D"])) * width
    logits = options.batch * letters.get("V", 0) * (width + 4)
    work = block + logits
    found = Categories(frozen=weights, kv_cache=cache, transient=work)
    return Peak(
        allocated_bytes=found.total,
        phase="prefill",
        categories=found,
        phases={"prefill": found.total, "decode": weights + cache + logits},
        parameters=sum(tensor.count * tensor.times for tensor in tensors(model)),
        trainable_parameters=0,
    )
