"""Names of models as they are compared: without the way to fetch them, their revision, and the marks of a copy."""

from __future__ import annotations

import re

COPY_MARKS = re.compile(r"[-_.](bnb-4bit|unsloth|gguf|gptq|awq|hf|bf16|fp16|4bit|8bit)\b")


def key(ref: str) -> str:
    """A reference as names are compared."""
    return ref.removeprefix("hub:").partition("@")[0].strip("/ ").lower()


def stem(ref: str) -> str:
    """A model's name without its publisher and without the marks of a mere copy."""
    return re.sub(r"^meta-", "", COPY_MARKS.sub("", key(ref).rpartition("/")[2]))
