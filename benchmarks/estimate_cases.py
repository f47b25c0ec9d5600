"""Training steps drawn by chance: seventeen families, realistic and odd shapes, every option of `kit estimate`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

FAMILIES = (
    "llama", "mistral", "qwen2", "qwen3", "qwen3_moe", "mixtral", "gemma", "gemma2", "gemma3_text", "phi", "phi3",
    "gpt2", "gpt_neox", "bert", "t5", "vit", "qwen2_moe",
)  # fmt: skip
ENCODERS = ("bert", "vit")
TARGETS = {
    "gpt2": ("c_attn", "c_attn,c_proj", "c_fc"),
    "gpt_neox": ("query_key_value", "dense_h_to_4h,dense_4h_to_h"),
    "phi3": ("qkv_proj", "gate_up_proj,down_proj"),
    "phi": ("q_proj,v_proj", "fc1,fc2"),
    "bert": ("query,value", "query,key,value"),
    "vit": ("q_proj,v_proj",),
    "t5": ("q,v", "wo"),
    "mixtral": ("q_proj,v_proj", "q_proj,k_proj,v_proj,o_proj"),
    "qwen3_moe": ("q_proj,v_proj", "q_proj,k_proj,v_proj,o_proj"),
    "qwen2_moe": ("q_proj,v_proj", "q_proj,down_proj"),
}
USUAL_TARGETS = ("q_proj,v_proj", "q_proj,k_proj,v_proj,o_proj", "gate_proj,up_proj,down_proj", "down_proj", "o_proj")


def cases(count: int, seed: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """`count` pairs of a configuration and the words of `kit estimate`, families in turn."""
    chance = random.Random(seed)
    for number in range(count):
        family = FAMILIES[number % len(FAMILIES)]
        config = _config(family, chance)
        yield config, _words(family, config, chance)


def _config(family: str, chance: random.Random) -> dict[str, Any]:
    pick = chance.choice
    width = pick((32, 40, 64, 64, 80, 96, 128, 128))
    heads = pick((1, 2, 4, 6, 8, 12, 14, 16, 20, 24, 32))
    hidden = heads * width
    while hidden < 192 or hidden > 4096:
        heads = pick((4, 6, 8, 12, 16, 20, 24, 32))
        hidden = heads * width
    inner = pick((hidden * 4, int(hidden * 8 / 3) // 64 * 64, hidden * 7 // 2, hidden + 37, 333))
    layers = pick((2, 3, 4, 5, 6, 8, 12, 16, 24, 28, 32))
    words = pick((97, 1000, 8192, 32000, 32003, 50257, 65536, 128256, 151936, 256000))
    shared = pick([n for n in (1, 2, 4, heads // 2, heads, heads) if n and heads % n == 0])
    usual: dict[str, Any] = {
        "model_type": family,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": shared,
        "vocab_size": words,
        "max_position_embeddings": 16384,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    return _FAMILY.get(family, _decoder)(usual, chance)


def _decoder(usual: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    pick = chance.choice
    family = usual["model_type"]
    tied = {"tie_word_embeddings": pick((True, False))}
    if family in ("llama", "mistral", "qwen3", "gemma", "qwen3_moe", "mixtral", "gemma2", "gemma3_text"):
        given = pick((None, None, 64, 128, 256))
        usual |= {"head_dim": given} if given else {}
    if family == "llama":
        usual |= pick(({}, {}, {"attention_bias": True}, {"mlp_bias": True}))
    if family in ("mistral", "phi3", "mixtral"):
        usual |= pick(({}, {"sliding_window": None}, {"sliding_window": 256}, {"sliding_window": 4096}))
    if family in ("qwen2", "qwen3"):
        usual |= pick(({}, {}, {"use_sliding_window": True, "sliding_window": 256, "max_window_layers": 2}))
    if family in ("gemma2", "gemma3_text"):
        usual |= pick(({}, {"sliding_window": 256}))
    if family == "phi":
        usual |= pick(({}, {"partial_rotary_factor": 0.25}))
    return usual | tied


def _experts(usual: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    pick = chance.choice
    usual["num_hidden_layers"] = min(usual["num_hidden_layers"], 12)
    usual["num_experts_per_tok"] = pick((1, 2, 4))
    if usual["model_type"] == "mixtral":
        usual["num_local_experts"] = pick((4, 8))
    else:
        usual |= {"num_experts": pick((4, 8, 16)), "moe_intermediate_size": pick((192, 256, 768))}
        usual |= pick(({}, {}, {"decoder_sparse_step": 2}, {"mlp_only_layers": [0]}))
    if usual["model_type"] == "qwen2_moe":
        usual["shared_expert_intermediate_size"] = pick((512, 1408))
    return _decoder(usual, chance)


def _gpt2(usual: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    names = {"n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads"}
    found = {"model_type": "gpt2", **{new: usual[old] for new, old in names.items()}}
    found |= {"n_positions": 4096, "vocab_size": usual["vocab_size"]}
    return found | chance.choice(({}, {"n_inner": usual["intermediate_size"]}))


def _neox(usual: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    del usual["num_key_value_heads"]
    return usual | {"rotary_pct": chance.choice((0.25, 1.0)), "use_parallel_residual": chance.choice((True, False))}


def _bert(usual: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    del usual["num_key_value_heads"]
    return usual | {"max_position_embeddings": 4096}


def _t5(usual: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    pick = chance.choice
    found = {"model_type": "t5", "d_model": usual["hidden_size"], "d_ff": usual["intermediate_size"]}
    found |= {"num_layers": min(usual["num_hidden_layers"], 12), "num_heads": usual["num_attention_heads"]}
    found |= {"d_kv": pick((64, 128)), "vocab_size": usual["vocab_size"], "decoder_start_token_id": 0}
    found |= {"feed_forward_proj": pick(("relu", "gated-gelu"))} | pick(({}, {"num_decoder_layers": 4}))
    return found | {"pad_token_id": 0, "tie_word_embeddings": pick((True, False))}


def _vit(usual: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    for name in ("num_key_value_heads", "vocab_size", "max_position_embeddings", "pad_token_id"):
        del usual[name]
    usual |= {"patch_size": chance.choice((14, 16, 32)), "image_size": chance.choice((224, 384))}
    return usual


_FAMILY = {
    "qwen2_moe": _experts, "qwen3_moe": _experts, "mixtral": _experts, "gpt2": _gpt2, "gpt_neox": _neox,
    "bert": _bert, "t5": _t5, "vit": _vit,
}  # fmt: skip


def _words(family: str, config: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    pick = chance.choice
    method = pick(("full", "full", "lora", "lora", "lora", "dora", "ia3", "prompt"))
    if family in ENCODERS and method == "prompt":
        method = "lora"
    found: dict[str, Any] = {"method": method, "batch": pick((1, 1, 2, 3, 4, 8, 16))}
    found["seq"] = pick([n for n in (17, 64, 100, 128, 200, 333, 512, 777, 1024, 2048) if n * found["batch"] <= 8192])
    found["dtype"] = pick(("bf16", "bf16", "bf16", "fp32", "fp16"))
    found["optimizer"] = pick(
        ("adamw", "adamw", "adamw", "adamw_foreach", "adamw8bit", "paged_adamw8bit", "sgd", "adafactor")
    )
    found["checkpointing"] = pick((False, True))
    found["attention"] = "eager" if family == "gemma2" else pick(("sdpa", "sdpa", "sdpa", "eager"))
    if family not in (*ENCODERS, "t5", "gemma2") and method != "prompt" and pick((True, False, False, False)):
        found["attention"] = "varlen"
    if family != "vit" and found["attention"] != "varlen" and pick((True, False, False)):
        found["padded"] = True
    if family not in (*ENCODERS, "t5") and pick((True, False, False)):
        found["loss"] = "chunked"
    if pick((True, False, False, False)):
        found["autocast"] = "bf16"
    if method != "full":
        found["adapter_dtype"] = pick(("fp32", "fp32", "bf16"))
        if method != "prompt":
            found["quantize"] = pick(("none", "none", "int8", "nf4"))
    if method in ("lora", "dora"):
        found["rank"] = pick((1, 4, 8, 16, 64, 128))
        if pick((True, False)):
            found["targets"] = pick(TARGETS.get(family, USUAL_TARGETS))
    if method == "prompt":
        found["prompt_tokens"] = pick((1, 8, 20, 100))
    return found
