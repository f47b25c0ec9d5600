"""Tokens per second, MFU and peak memory: ours, plain transformers + peft, and TRL packed where installed.

MFU counts 4 operations for each frozen weight of a matrix product and token, 6 for each that learns,
and causal attention (6 · layers · width · length); elementwise work counts nothing.
"""

from __future__ import annotations

import random
import time
from typing import Any

import torch

from gpu_tests import trl_packed
from gpu_tests.shapes import DEVICE, FAST, LLAMA_1B, LLAMA_8B, PLAIN, TINY, learner_of, plan_of, rows
from ossmodelkit.trainer.batching import Batch, flat, padded
from ossmodelkit.trainer.encoding import Example
from ossmodelkit.trainer.optimizing import make_optimizer
from ossmodelkit.trainer.recording import flops_per_token, rated_flops
from ossmodelkit.trainer.step import learning, train_step

WARM, MEASURED = (3, 8) if DEVICE.type == "cuda" else (1, 1)


def run(*, rehearsal: bool = False) -> dict[str, Any]:
    """8B at 4096; 1B on equal lengths; 1B on a realistic mix. A rehearsal runs the same lines on a tiny model."""
    large, small, long, rows_of = (TINY, TINY, 32, 16) if rehearsal else (LLAMA_8B, LLAMA_1B, 4096, 1024)
    mix = _mixed(8, most=32 if rehearsal else 2048)
    eight = [[long] * 2]
    return {
        "8B, 2 x 4096, fast": measure(large, FAST, eight),
        "8B, 2 x 4096, fast, compiled": measure(large, FAST | {"compile": not rehearsal}, eight),
        "8B, 4 x 4096, fast, compiled": measure(large, FAST | {"compile": not rehearsal}, [[long] * 4]),
        "8B, 2 x 4096, fast, selective recompute": measure(large, FAST | {"recompute": "selective"}, eight),
        "8B, 2 x 4096, fast, full recompute": measure(large, FAST | {"recompute": True}, eight),
        "1B, 8 x 1024, plain": measure(small, PLAIN, [[rows_of] * 8]),
        "1B, 8 x 1024, fast": measure(small, FAST, [[rows_of] * 8]),
        "1B, 8 x 1024, fast, compiled": measure(small, FAST | {"compile": not rehearsal}, [[rows_of] * 8]),
        "1B, mixed, plain": measure(small, PLAIN, mix),
        "1B, mixed, fast": measure(small, FAST, mix),
        "1B, mixed, TRL packed": trl_packed.measure(small, mix, longest=rows_of * 2),
        "8B, 2 x 4096, fast, liger": measure(
            large, FAST | {"liger": True}, eight
        ),  # Last: it changes classes for good.
    }


def measure(sizes: dict[str, Any], speed: dict[str, Any], steps: list[list[int]]) -> dict[str, Any]:
    """Run steps over batches of the given lengths, over and over."""
    plan = plan_of(speed)
    if DEVICE.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    learner, fast = learner_of(sizes, plan)
    named = {name: p for name, p in learner.named_parameters() if p.requires_grad}
    optimizer = make_optimizer(plan, named)
    batches = [_batch(rows(lengths, sizes["vocab_size"]), packing=fast.packing) for lengths in steps]
    spent, tokens = 0.0, 0
    for number in range(WARM + MEASURED):
        batch = batches[number % len(batches)]
        _wait()
        began = time.perf_counter()
        train_step(learner, optimizer, [batch], weight=batch.weight, clip=1.0)
        _wait()
        if number >= WARM:
            spent += time.perf_counter() - began
            tokens += batch.real_tokens
    rate = tokens / spent
    longest = max(max(lengths) for lengths in steps)
    attention = 6.0 * sizes["num_hidden_layers"] * sizes["hidden_size"] * longest
    per_token = flops_per_token(learner) + attention
    return {
        "tokens_per_second": round(rate),
        "mfu": round(rate * per_token / (rated_flops(DEVICE) or float("inf")), 4),
        "flops_per_token": per_token,
        "peak_bytes": torch.cuda.max_memory_allocated() if DEVICE.type == "cuda" else 0,
        "reserved_bytes": torch.cuda.max_memory_reserved() if DEVICE.type == "cuda" else 0,
        "learning": sum(p.numel() for p in learning(learner.parameters())),
        "refused": list(fast.refused),
    }


def _batch(examples: list[Example], *, packing: bool) -> Batch:
    return (flat(examples) if packing else padded(examples, pad=0)).to(DEVICE)


def _mixed(rows_a_step: int, *, most: int) -> list[list[int]]:
    chance = random.Random(0)
    draw = [max(16, min(most, round(chance.lognormvariate(5.0, 0.9)))) for _ in range(MEASURED * rows_a_step)]
    return [draw[start : start + rows_a_step] for start in range(0, len(draw), rows_a_step)]


def _wait() -> None:
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
