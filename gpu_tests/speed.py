"""Tokens per second, MFU and peak memory: ours, plain transformers + peft, and TRL packed where installed.

MFU counts 4 operations for each frozen weight of a matrix product and token, 6 for each that learns,
and causal attention (6 · layers · width · length); elementwise work counts nothing.
"""

from __future__ import annotations

import random
import time
from typing import Any

import torch

from gpu_tests.shapes import FAST, LLAMA_1B, LLAMA_8B, PLAIN, learner_of, plan_of, rows
from ossmodelkit.trainer.batching import Batch, flat, padded
from ossmodelkit.trainer.encoding import Example
from ossmodelkit.trainer.optimizing import make_optimizer
from ossmodelkit.trainer.recording import flops_per_token
from ossmodelkit.trainer.step import learning, train_step

# Dense bf16 rates in operations a second, from the makers' data sheets.
PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "A10G": 70e12, "4090": 165e12}
WARM, MEASURED = 3, 8


def run() -> dict[str, Any]:
    """The three bars: 8B at 4096; 1B on equal lengths; 1B on a realistic mix."""
    mix = _mixed(8)
    return {
        "8B, 2 x 4096, fast": measure(LLAMA_8B, FAST, [[4096] * 2]),
        "8B, 2 x 4096, fast, compiled": measure(LLAMA_8B, FAST | {"compile": True}, [[4096] * 2]),
        "1B, 8 x 1024, plain": measure(LLAMA_1B, PLAIN, [[1024] * 8]),
        "1B, 8 x 1024, fast": measure(LLAMA_1B, FAST, [[1024] * 8]),
        "1B, mixed, plain": measure(LLAMA_1B, PLAIN, mix),
        "1B, mixed, fast": measure(LLAMA_1B, FAST, mix),
    }


def measure(sizes: dict[str, Any], speed: dict[str, bool], steps: list[list[int]]) -> dict[str, Any]:
    """Run steps over batches of the given lengths, over and over."""
    plan = plan_of(speed)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    learner, fast = learner_of(sizes, plan)
    named = {name: p for name, p in learner.named_parameters() if p.requires_grad}
    optimizer = make_optimizer(plan, named)
    batches = [_batch(rows(lengths, sizes["vocab_size"]), packing=fast.packing) for lengths in steps]
    spent, tokens = 0.0, 0
    for number in range(WARM + MEASURED):
        batch = batches[number % len(batches)]
        torch.cuda.synchronize()
        began = time.perf_counter()
        train_step(learner, optimizer, [batch], weight=batch.weight, clip=1.0)
        torch.cuda.synchronize()
        if number >= WARM:
            spent += time.perf_counter() - began
            tokens += batch.real_tokens
    rate = tokens / spent
    longest = max(max(lengths) for lengths in steps)
    attention = 6.0 * sizes["num_hidden_layers"] * sizes["hidden_size"] * longest
    per_token = flops_per_token(learner) + attention
    return {
        "tokens_per_second": round(rate),
        "mfu": round(rate * per_token / _peak(), 4),
        "flops_per_token": per_token,
        "peak_bytes": torch.cuda.max_memory_allocated(),
        "reserved_bytes": torch.cuda.max_memory_reserved(),
        "learning": sum(p.numel() for p in learning(learner.parameters())),
        "refused": list(fast.refused),
    }


def _batch(examples: list[Example], *, packing: bool) -> Batch:
    return (flat(examples) if packing else padded(examples, pad=0)).to(torch.device("cuda"))


def _mixed(rows_a_step: int) -> list[list[int]]:
    chance = random.Random(0)
    draw = [max(16, min(2048, round(chance.lognormvariate(5.0, 0.9)))) for _ in range(MEASURED * rows_a_step)]
    return [draw[start : start + rows_a_step] for start in range(0, len(draw), rows_a_step)]


def _peak() -> float:
    name = torch.cuda.get_device_name()
    return next((rate for word, rate in PEAK.items() if word in name), float("nan"))
