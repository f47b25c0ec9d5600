"""Tiny models with real files: config classes, seeded weights, a tokenizer trained on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEXT = (
    "the cat sat on the mat and the dog ran after the ball",
    "one two three four five six seven eight nine ten",
    "good bad happy sad great awful fine terrible nice poor movie film show book",
)
CARD = "---\nlicense: apache-2.0\n---\n# Tiny\n"


def tiny_llama(folder: Path, *, seed: int = 0, layers: int = 2, hidden: int = 32, chat: bool = True) -> Path:
    """A Llama with grouped heads; the head is drawn wide so that adapters have something to learn with."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer(folder, chat=chat)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight.mul_(4.0)
    return _write(model, folder)


def tiny(folder: Path, config_class: str, model_class: str, *, seed: int = 0, **settings: Any) -> Path:
    """Any architecture from its configuration class."""
    import torch
    import transformers

    tokenizer = _tokenizer(folder, chat=True)
    torch.manual_seed(seed)
    ids = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = getattr(transformers, config_class)(vocab_size=len(tokenizer), **ids, **settings)
    return _write(getattr(transformers, model_class)(config), folder)


def tiny_bert(folder: Path, *, seed: int = 0) -> Path:
    """An encoder without a classification head."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    return tiny(folder, "BertConfig", "BertModel", seed=seed, max_position_embeddings=128, **sizes)


def tiny_t5(folder: Path, *, seed: int = 0) -> Path:
    """An encoder-decoder."""
    sizes = {"d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 2, "num_heads": 4}
    return tiny(folder, "T5Config", "T5ForConditionalGeneration", seed=seed, decoder_start_token_id=0, **sizes)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """JSONL."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def chats(count: int) -> list[dict[str, Any]]:
    """Conversations of different lengths that a small model can learn by heart."""
    numbers = TEXT[1].split()
    rows = []
    for index in range(count):
        size = 1 + index % 5
        words = [numbers[(index + step) % 10] for step in range(size)]
        turns = [{"role": "user", "content": "say " + " ".join(words)}]
        turns.append({"role": "assistant", "content": " ".join(reversed(words))})
        rows.append({"messages": turns})
    return rows


def opinions(count: int) -> list[dict[str, Any]]:
    """Texts with a label that one word decides, in two domains that another word betrays."""
    good, bad = ("good", "great", "happy", "nice"), ("bad", "awful", "sad", "poor")
    rows = []
    for index in range(count):
        positive, domain = index % 2 == 0, "film" if index % 4 < 2 else "book"
        word = (good if positive else bad)[index // 4 % 4]
        text = f"the {domain} was {word} {TEXT[1].split()[index % 10]}"
        rows.append({"text": text, "label": "yes" if positive else "no", "domain": domain})
    return rows


def _tokenizer(folder: Path, *, chat: bool) -> Any:
    from ossmodelkit.trainer.demo_model import train_tokenizer

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(list(TEXT), vocabulary=400)
    if not chat:
        tokenizer.chat_template = None
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(CARD)
    return tokenizer


def _write(model: Any, folder: Path) -> Path:
    from transformers.utils import logging

    logging.disable_progress_bar()
    model.save_pretrained(folder)
    return folder
