"""What the traced estimates cost: CPU seconds beyond imports, and memory, for a Llama of 8 billion weights."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

LLAMA_8B: dict[str, Any] = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072,
}  # fmt: skip
STEPS: dict[str, dict[str, Any]] = {
    "full, recomputed": {"method": "full", "checkpointing": True},
    "LoRA r16": {"method": "lora"},
    "LoRA r16, recomputed": {"method": "lora", "checkpointing": True},
}
INSIDE = """
import json, resource, sys, time
import torch, transformers, peft
from transformers.models.llama import modeling_llama
from ossmodelkit.estimating.options import StepOptions
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.trainer.tracing import quick, trace
ask = json.loads(sys.argv[1])
before = time.process_time()
(quick if ask["quick"] else trace)(ask["config"], from_wire(StepOptions, ask["options"], where="options"), "causal-lm")
spent = time.process_time() - before
print(json.dumps([before, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))
"""


def run() -> str:
    """A table of both traced tiers; each in a process of its own, with one thread."""
    lines = [
        "### Traced estimates of a Llama 8B, 1 x 4096 tokens",
        "",
        "| tier | step | CPU s, imports | CPU s beyond | memory at most |",
        "|---|---|---|---|---|",
    ]
    for tier in ("--quick", "--trace"):
        for name, options in STEPS.items():
            asked = {"quick": tier == "--quick", "config": LLAMA_8B, "options": {"seq": 4096, **options}}
            told = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", INSIDE, json.dumps(asked)],
                capture_output=True, text=True, check=True, env=_environment(),
            )  # fmt: skip
            imports, beyond, gib = json.loads(told.stdout.splitlines()[-1])
            lines.append(f"| `{tier}` | {name} | {imports:.1f} | {beyond:.1f} | {gib:.2f} GiB |")
    return "\n".join(lines)


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "OMP_NUM_THREADS": "1"}


if __name__ == "__main__":
    print(run())
