"""Models of the right shape with random weights, straight on the card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from ossmodelkit.core.plan import Plan
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.trainer import kernels, methods, probing, recomputing
from ossmodelkit.trainer.encoding import Example
from ossmodelkit.trainer.learning import CausalLearner

LLAMA_8B = {
    "vocab_size": 128256,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 8192,
}
LLAMA_1B = LLAMA_8B | {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "tie_word_embeddings": True,
}
TINY = {
    "vocab_size": 1024,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
FAST = {"packing": True, "chunked_loss": True, "fused_lora": True}
PLAIN = dict.fromkeys(FAST, False)


def plan_of(speed: dict[str, Any], **train: Any) -> Plan:
    """A LoRA plan; paths in it are not used."""
    told = {"base": "b", "data": "d", "out": "o", "speed": speed, "train": {"steps": 10, "lr": 1e-4, **train}}
    return from_wire(Plan, told)


def model_of(sizes: dict[str, Any], *, dtype: torch.dtype = torch.bfloat16, seed: int = 0) -> Any:
    """A Llama with random weights, on the card where there is one."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with DEVICE:
            model = LlamaForCausalLM(LlamaConfig(**sizes))
    finally:
        torch.set_default_dtype(before)
    model.config.use_cache = False
    return model


def learner_of(sizes: dict[str, Any], plan: Plan, **options: Any) -> tuple[CausalLearner, probing.FastPath]:
    """The model with adapters in fp32, and the fast path it passed."""
    base = model_of(sizes, **options)
    unused = kernels.use_liger(base, DEVICE) if plan.speed.liger else ""
    kept = recomputing.choose(plan.speed, {}, DEVICE)
    recomputing.apply(base, kept)
    model = methods.apply_method(base, plan)
    fast = probing.choose(model, plan, vocabulary=sizes["vocab_size"], recompute=kept)
    fast = replace(fast, refused=(*fast.refused, *filter(None, [unused])))
    if plan.speed.compile:
        for layer in model.get_base_model().model.layers:
            layer.compile(dynamic=False)
    return CausalLearner(model, chunked=fast.chunked_loss).train(), fast


def rows(lengths: list[int], vocabulary: int) -> list[Example]:
    """Random tokens; all but the first are learned."""
    chance = torch.Generator().manual_seed(1)
    found = [tuple(torch.randint(vocabulary, (n,), generator=chance).tolist()) for n in lengths]
    return [Example(tokens=row, labels=row) for row in found]
