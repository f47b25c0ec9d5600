"""`python -m ossmodelkit.trainer.demo_model FOLDER`: a Llama of two million parameters, built here.

Nothing is downloaded: the tokenizer is trained on text written for the demo, the weights are drawn
from the seed. It cannot speak, but every loader, scanner and trainer takes it for a Llama.
"""

from __future__ import annotations

import argparse
import json
from importlib import metadata
from pathlib import Path
from typing import Any

from ossmodelkit.trainer.demo_lessons import all_text, lessons

SPECIAL = ("<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
CARD = """\
---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
language:
- en
---
# Tiny Llama of the demo

A Llama architecture with about two million random parameters and a tokenizer trained on a page of
text. It exists so that `kit demo` has something real to audit, fine-tune, release and verify.

Seed: {seed}. Built by ossmodelkit {version}; nothing was downloaded.
"""
APACHE_NOTE = """\
                                 Apache License
                           Version 2.0, January 2004
                        http://www.apache.org/licenses/
"""


def build(folder: Path, *, seed: int = 0) -> None:
    """Write the model to `folder` and its lessons to `data.jsonl` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(all_text(seed), vocabulary=1024)
    tokenizer.save_pretrained(folder)
    write_llama(folder, tokenizer, seed=seed)
    version = metadata.version("ossmodelkit")
    (folder / "README.md").write_text(CARD.format(seed=seed, version=version), encoding="utf-8")
    (folder / "LICENSE").write_text(license_text(), encoding="utf-8")
    lines = (json.dumps(lesson, ensure_ascii=False) + "\n" for lesson in lessons(seed))
    (folder.parent / "data.jsonl").write_text("".join(lines), encoding="utf-8")


def train_tokenizer(texts: list[str], *, vocabulary: int) -> Any:
    """A byte-level BPE tokenizer with chat markers, learned from `texts`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token=SPECIAL[0], bos_token=SPECIAL[1], eos_token=SPECIAL[2]
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def write_llama(folder: Path, tokenizer: Any, *, seed: int) -> None:
    """Draw the weights and save them as safetensors.

    The output head is drawn wider than usual: a frozen random head must still be able to tell words
    apart, or no adapter below it could lower the loss.
    """
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging as transformers_logging

    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        **ends,
    )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight.mul_(4.0)
    model.generation_config = GenerationConfig(
        max_new_tokens=32, do_sample=False, pad_token_id=tokenizer.pad_token_id, **ends
    )
    transformers_logging.disable_progress_bar()
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)


def license_text() -> str:
    """Our own license, which is the model's as well, as installed beside the package."""
    for path in metadata.files("ossmodelkit") or ():
        if path.name == "LICENSE":
            return path.read_text()
    return APACHE_NOTE


def main() -> None:
    """Read the words of the command line and build."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("folder", type=Path)
    words.add_argument("--seed", type=int, default=0)
    given = words.parse_args()
    build(given.folder, seed=given.seed)


if __name__ == "__main__":
    main()
