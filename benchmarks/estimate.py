"""How far estimates are from traced truth: ours, accelerate's, and published closed forms, on the same cases."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from ossmodelkit.estimating.architecture import read_architecture
from ossmodelkit.estimating.memory import training_peak
from ossmodelkit.estimating.options import Attention, Dtype, Loss, Method, Optimizer, Quantize, StepOptions
from ossmodelkit.estimating.parameters import tensors

MODELS: dict[str, dict[str, Any]] = {
    "llama 1.1B": {
        "model_type": "llama", "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22,
        "num_attention_heads": 32, "num_key_value_heads": 4, "vocab_size": 32000, "max_position_embeddings": 8192,
    },
    "qwen2 0.5B": {
        "model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
        "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936, "max_position_embeddings": 32768,
        "tie_word_embeddings": True,
    },
    "gpt2 medium": {
        "model_type": "gpt2", "n_embd": 1024, "n_layer": 24, "n_head": 16, "n_positions": 1024, "vocab_size": 50257,
    },
}  # fmt: skip
STEPS: tuple[dict[str, Any], ...] = (
    {"method": Method.FULL, "batch": 4, "seq": 1024},
    {"method": Method.FULL, "batch": 1, "seq": 512, "checkpointing": True},
    {"method": Method.FULL, "batch": 2, "seq": 1024, "dtype": Dtype.FP32, "optimizer": Optimizer.ADAMW_FOREACH},
    {"batch": 4, "seq": 1024},
    {"batch": 8, "seq": 512, "adapter_dtype": Dtype.BF16, "loss": Loss.CHUNKED},
    {"batch": 4, "seq": 1024, "checkpointing": True, "loss": Loss.CHUNKED},
    {"batch": 2, "seq": 1024, "attention": Attention.EAGER},
    {"method": Method.PROMPT, "batch": 4, "seq": 512},
)
QUANTIZED: dict[str, Any] = {"batch": 4, "seq": 1024, "checkpointing": True, "quantize": Quantize.NF4}


def accelerate_training(config: dict[str, Any], step: StepOptions) -> float:
    """accelerate estimate-memory's own arithmetic for Adam: 4 x the weights; the load size for adapters."""
    weights = _parameters(config) * step.dtype.bytes
    return weights * 4 if step.method is Method.FULL else weights


def llama_factory_table(config: dict[str, Any], step: StepOptions) -> float:
    """GB for a billion parameters: 8 (pure bf16) or 18 (mixed) full, 2 for LoRA, 0.5 at 4 bits."""
    each = (18 if step.dtype is Dtype.FP32 else 8) if step.method is Method.FULL else 2
    return _parameters(config) * (0.5 if step.quantize is Quantize.NF4 else each)


def transformer_math(config: dict[str, Any], step: StepOptions) -> float:
    """States plus the activations of arXiv 2205.05198: s b h (34 + 5 a s / h) a block, 2 s b h recomputed."""
    model = read_architecture(config)
    letters, tokens = model.letters, step.batch * step.seq
    count = _parameters(config)
    states = count * (step.dtype.bytes + 4 + 12) if step.method is Method.FULL else count * step.dtype.bytes
    scores = 5 * letters["A"] * step.seq / letters["H"]
    each = 2 * tokens * letters["H"] if step.checkpointing else tokens * letters["H"] * (34 + scores)
    return states + each * model.layers


def ours(config: dict[str, Any], step: StepOptions) -> float:
    """The instant estimate."""
    return training_peak(read_architecture(config), step).allocated_bytes


def _parameters(config: dict[str, Any]) -> int:
    return sum(tensor.count * tensor.times for tensor in tensors(read_architecture(config)))


WAYS: dict[str, Callable[[dict[str, Any], StepOptions], float]] = {
    "kit estimate (instant)": ours,
    "accelerate estimate-memory, training": accelerate_training,
    "LLaMA-Factory table": llama_factory_table,
    "closed form of arXiv 2205.05198": transformer_math,
}


def _plain(words: dict[str, Any]) -> dict[str, Any]:
    """The step in the words of the command line."""
    return {"method": "lora"} | {name: str(value) if isinstance(value, str) else value for name, value in words.items()}


def run() -> str:
    """Every way against an independent trace of the same step; needs the training libraries, no card."""
    from benchmarks.estimate_truth import peak

    errors: dict[str, list[float]] = {name: [] for name in WAYS}
    for name, config in MODELS.items():
        more = () if name.startswith("gpt2") else (QUANTIZED,)
        for words in (*STEPS, *more):
            step = StepOptions(**words)
            known = peak(config, _plain(words))
            for way, guess in WAYS.items():
                errors[way].append(100 * (guess(config, step) / known - 1))
    cases = len(next(iter(errors.values())))
    lines = [
        f"### Peak memory against traced truth, {cases} cases",
        "",
        "| way | median | largest | under by > 5 % |",
        "|---|---|---|---|",
    ]
    for way, found in errors.items():
        size = [abs(error) for error in found]
        under = sum(error < -5 for error in found)
        lines.append(f"| {way} | {statistics.median(size):.2f} % | {max(size):.1f} % | {under}/{cases} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(run())
