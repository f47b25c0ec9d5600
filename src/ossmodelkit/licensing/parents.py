"""The parents a repository names: in the card, the configs, a merge recipe, and weight metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.core.source import Source
from ossmodelkit.licensing.card import Card, words
from ossmodelkit.licensing.reading import load_yaml, read_text

RELATIONS = frozenset(relation.value for relation in Relation)
LARGEST_CONFIG = 8 * 1024 * 1024
MERGE_RECIPES = ("mergekit_config.yml", "mergekit_config.yaml", "mergekit_moe_config.yml", "mergekit_moe_config.yaml")
# What a trainer leaves in `_name_or_path`: a folder of its own says nothing about lineage.
LOCAL_PATH = re.compile(
    r"^(\.{0,2}/|~|[A-Za-z]:\\|/)|checkpoint-\d+$|^(out|output|outputs|results|models?|tmp)(/|$)", re.I
)
HUB_ID = re.compile(r"^(hub:)?[\w.-]+/[\w.-]+(@[\w./-]+)?$")
LONE_NAMES = re.compile(r"^(gpt2(-\w+)?|distilgpt2|bert-[\w-]+|roberta-[\w-]+|t5-[\w-]+|facebook-opt[\w-]*)$", re.I)


def of(source: Source, card: Card) -> tuple[Parent, ...]:
    """Every parent, once for each place that names it."""
    named: list[Parent] = []
    relation = _relation(card, source)
    named += [_parent(ref, relation, "README.md") for ref in card.base_models]
    named += [_parent(ref, Relation.DATASET, "README.md") for ref in card.datasets]
    named += _from_configs(source)
    named += _from_recipes(source)
    named += _from_modelfile(source)
    return tuple(dict.fromkeys(named))


def _relation(card: Card, source: Source) -> Relation:
    if card.relation in RELATIONS:
        return Relation(card.relation)
    if source.inventory.find("adapter_config.json"):
        return Relation.ADAPTER
    tags = " ".join((*card.tags, source.ref)).lower()
    if len(card.base_models) > 1 or "merge" in tags:
        return Relation.MERGE
    if re.search(r"gguf|gptq|awq|quantized|exl2", tags):
        return Relation.QUANTIZED
    return Relation.FINETUNE if card.base_models else Relation.UNKNOWN


def _from_configs(source: Source) -> Iterator[Parent]:
    for entry in source.inventory.entries:
        base = entry.name.rpartition("/")[2]
        if base == "adapter_config.json":
            found = _table(source, entry.name)
            yield from _named(found.get("base_model_name_or_path"), Relation.ADAPTER, entry.name)
        elif base == "config.json" and entry.name.count("/") <= 1:
            found = _table(source, entry.name)
            for key in ("_name_or_path", "base_model", "base_model_name_or_path"):
                yield from _named(found.get(key), Relation.UNKNOWN, entry.name)
        elif base in ("training_args.json", "trainer_config.json", "run.json", "plan.json"):
            found = _table(source, entry.name)
            for key in ("base_model", "model_name_or_path", "base_model_name_or_path"):
                yield from _named(found.get(key), Relation.FINETUNE, entry.name)


def _from_recipes(source: Source) -> Iterator[Parent]:
    for name in MERGE_RECIPES:
        if source.inventory.find(name) is None:
            continue
        try:
            recipe = load_yaml(read_text(source, name).text)
        except ValueError:
            continue
        for ref in _models(recipe, 0):
            yield from _named(ref, Relation.MERGE, name)


def _models(value: Any, depth: int) -> Iterator[str]:
    """Every `model`, `base_model` and `source_model` in a merge recipe; lora parts stand after a plus sign."""
    if depth > 12:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("model", "base_model", "source_model") and isinstance(item, str):
                yield from item.split("+")
            else:
                yield from _models(item, depth + 1)
    elif isinstance(value, list):
        for item in value[:1000]:
            yield from _models(item, depth + 1)


def _from_modelfile(source: Source) -> Iterator[Parent]:
    name = next((n for n in ("Modelfile", "modelfile") if source.inventory.find(n)), "")
    for verb, ref in re.findall(r"^(FROM|ADAPTER)\s+(\S+)", read_text(source, name).text, re.M) if name else ():
        relation = Relation.ADAPTER if verb == "ADAPTER" else Relation.FINETUNE
        yield from _named(ref, relation, name)


def _table(source: Source, name: str) -> dict[str, Any]:
    try:
        loaded = json.loads(read_text(source, name, LARGEST_CONFIG).text or "{}")
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _named(value: Any, relation: Relation, where: str) -> Iterator[Parent]:
    for ref in words(value):
        if names_a_model(ref):
            yield _parent(ref, relation, where)


def names_a_model(ref: str) -> bool:
    """Whether a reference names somebody's model, and not a folder on the machine that trained it."""
    return bool(LONE_NAMES.match(ref)) or (bool(HUB_ID.match(ref)) and not LOCAL_PATH.search(ref))


def _parent(ref: str, relation: Relation, where: str) -> Parent:
    ref = re.sub(r"^https?://(huggingface\.co|hf\.co)/", "", ref).strip("/")
    name, _, revision = ref.removeprefix("hub:").partition("@")
    return Parent(ref=name, relation=relation, declared_in=where, revision=revision)
