"""Where a model comes from: its parents, and what was done to them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Relation(StrEnum):
    """How a model was made from a parent (the hub's `base_model_relation` words)."""

    FINETUNE = "finetune"
    ADAPTER = "adapter"
    MERGE = "merge"
    QUANTIZED = "quantized"
    DISTILLED = "distilled"
    DATASET = "dataset"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A parent as it was named: a hub id or path, at a revision or with a payload digest.

    `resolved` means that its license was read; `stated` says who vouches for it where nobody could read it.
    """

    ref: str
    relation: Relation
    declared_in: str
    revision: str = ""
    sha256: str = ""
    license: str = ""
    resolved: bool = False
    stated: str = ""
