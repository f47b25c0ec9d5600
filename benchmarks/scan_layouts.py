"""What people really scan: a large tokenizer, and the repository of a model of eight billion parameters."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

LAYERS, HIDDEN, INNER, KEY_VALUE, WORDS = 32, 4096, 14_336, 1024, 128_256
LETTERS = "abcdefghijklmnopqrstuvwxyzĠéüñ中文日本"
CARD = "---\nlicense: apache-2.0\n---\n# A model\n" + "Some words about training and results.\n" * 400


def tokenizer(path: Path, entries: int) -> Path:
    """A `tokenizer.json` as the library writes it, with as many words and merges: 260,000 are 18 MB."""
    chance = random.Random(1)
    words = list(dict.fromkeys("".join(chance.choices(LETTERS, k=chance.randint(2, 12))) for _ in range(entries)))
    model = {
        "type": "BPE",
        "vocab": {word: number for number, word in enumerate(words)},
        "merges": [[word[: len(word) // 2], word[len(word) // 2 :]] for word in words],
    }
    special = [{"id": entries + n, "content": f"<|reserved_{n}|>", "special": True} for n in range(256)]
    path.write_text(
        json.dumps({"version": "1.0", "added_tokens": special, "model": model}, indent=2, ensure_ascii=False)
    )
    return path


def repository(folder: Path) -> Path:
    """Sixteen gigabytes of weights (sparse) in four shards, with everything that stands around them on a hub."""
    folder.mkdir()
    shards = _shards()
    index = {name: shard for shard, tensors in shards.items() for name in tensors}
    for shard, tensors in shards.items():
        _safetensors(folder / shard, tensors)
    total = sum(2 * rows * columns for tensors in shards.values() for rows, columns in tensors.values())
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN}
    template = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] | trim }}{% endfor %}"
    for name, value in {
        "model.safetensors.index.json": {"metadata": {"total_size": total}, "weight_map": index},
        "config.json": {**config, "num_hidden_layers": LAYERS, "torch_dtype": "bfloat16", "vocab_size": WORDS},
        "generation_config.json": {"bos_token_id": 1, "eos_token_id": 2, "temperature": 0.6},
        "tokenizer_config.json": {"chat_template": template, "tokenizer_class": "PreTrainedTokenizerFast"},
        "special_tokens_map.json": {"bos_token": "<s>", "eos_token": "</s>"},
    }.items():
        (folder / name).write_text(json.dumps(value, indent=2))
    (folder / "README.md").write_text(CARD)
    tokenizer(folder / "tokenizer.json", 245_000)
    return folder


def _shards() -> dict[str, dict[str, tuple[int, int]]]:
    names = [f"model-{number:05d}-of-00004.safetensors" for number in range(1, 5)]
    shards: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in names}
    shards[names[0]]["model.embed_tokens.weight"] = (WORDS, HIDDEN)
    shards[names[3]]["lm_head.weight"] = (WORDS, HIDDEN)
    for layer in range(LAYERS):
        place = shards[names[layer * 4 // LAYERS]]
        for part, shape in {
            "self_attn.q_proj": (HIDDEN, HIDDEN),
            "self_attn.k_proj": (KEY_VALUE, HIDDEN),
            "self_attn.v_proj": (KEY_VALUE, HIDDEN),
            "self_attn.o_proj": (HIDDEN, HIDDEN),
            "mlp.gate_proj": (INNER, HIDDEN),
            "mlp.up_proj": (INNER, HIDDEN),
            "mlp.down_proj": (HIDDEN, INNER),
            "input_layernorm": (1, HIDDEN),
        }.items():
            place[f"model.layers.{layer}.{part}.weight"] = shape
    return shards


def _safetensors(path: Path, tensors: dict[str, tuple[int, int]]) -> None:
    """A header, and a hole as large as its tensors."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (rows, columns) in tensors.items():
        start, end = end, end + 2 * rows * columns
        header[name] = {"dtype": "BF16", "shape": [rows, columns], "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        out.truncate(8 + len(text) + end)
