"""The tokenizer of a base, from its own folder and without its code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ossmodelkit.trainer.troubles import Trouble, first_line


def load_tokenizer(folder: Path) -> Any:
    """The base's tokenizer; a pad token is chosen where it has none.

    Raises `Trouble` when the folder holds no tokenizer that works without the model's own code.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise Trouble(
            f"no usable tokenizer in {folder}: {first_line(error)}",
            hint="the base needs tokenizer.json or the files of its tokenizer",
        ) from error
    if not tokenizer.is_fast:
        raise Trouble(f"the tokenizer in {folder} has no fast form", hint="add a tokenizer.json to the base")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer
