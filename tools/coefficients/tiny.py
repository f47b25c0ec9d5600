"""A tiny model of each family, every size of which can be told from every other."""

from __future__ import annotations

import tomllib
from typing import Any

from ossmodelkit.foundation.resources import config as shipped

IMAGE_ACROSS = 36  # patches a side of the tiny image


def families() -> dict[str, Any]:
    """The table of families."""
    return tomllib.loads(shipped("coefficients", "families.toml").read_text())


def with_twins() -> dict[str, Any]:
    """The families and the twins that they name."""
    rules = {"mha": "A", "mqa": "1"}
    known = families()
    return known | {
        f"{name}_{twin}": with_key_heads(family, rules[twin])
        for name, family in known.items()
        for twin in family.get("twins", ())
    }


def tiny(family: dict[str, Any], *, gate: str | bool | None = None) -> tuple[dict[str, Any], dict[str, int]]:
    """A configuration of distinct sizes, and what each letter stands for in it."""
    from ossmodelkit.trainer.tracing_symbols import SYMBOLS

    value = {name: size for name, (size, _) in SYMBOLS.items()}
    across = IMAGE_ACROSS
    if family["task"] == "image-classification":
        value["T"] = across * across + 1
    else:
        del value["p"], value["c"]
    derived = family.get("derived", {})
    if derived.get("K") == "A":
        value.pop("K"), value.pop("F")
        heads = value.pop("G")
        value["A"] = heads
    elif derived.get("K") == "1":
        value.pop("K")
        heads = value["G"]
    else:
        heads = value["K"] * value["G"]
    if "D" in derived:
        value["H"] = heads * value["D"]
    shared = 1 if derived.get("K") == "1" else heads
    blocks = 4 if family.get("sums_over_blocks") else 3
    sizes = {**value, "A": heads, "K": value.get("K", shared), "L": blocks, "N": blocks}
    out: dict[str, Any] = {"model_type": family["types"][0]}
    for letter, key in family["fields"].items():
        out[key] = sizes[letter]
    if family["task"] == "image-classification":
        out |= {"image_size": across * value["p"]}
    if "X" not in family["fields"]:
        out["max_position_embeddings"] = 8192
    out |= {
        "pad_token_id": 0,
        "decoder_start_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "tie_word_embeddings": family["tied"],
    }
    for key in [key for key, item in family.get("trace", {}).items()]:
        out[key] = family["trace"][key] or None
    if gate is not None:
        ((key, _),) = family["gates"].items()
        out[key] = gate
    return out, value


def with_key_heads(family: dict[str, Any], rule: str) -> dict[str, Any]:
    """A twin: as many key heads as query heads (`A`: nothing is repeated), or one (`1`: repeating is a view)."""
    return family | {"derived": family.get("derived", {}) | {"K": rule}}


def letters_for(value: dict[str, int], family: dict[str, Any]) -> Any:
    """The reader of sizes for a tiny configuration."""
    from ossmodelkit.trainer import tracing_symbols as symbols

    tokens, both = value["T"], value["S"]
    batch = value["B"]
    nearly = {tokens + 1: "T", tokens - 1: "T", both + 1: "S", both - 1: "S"}
    nearly |= {batch * tokens + 1: "B T", batch * tokens - 1: "B T", batch * (tokens - 1): "B T"}
    learned = batch * (tokens - (family["task"] == "causal-lm"))
    nearly |= {learned - value["R"]: "W"}
    if family["task"] == "image-classification":
        nearly |= {IMAGE_ACROSS: "m", tokens: "T"}
    if "D" in family.get("derived", {}):  # then the hidden size is heads times their width
        value = {name: size for name, size in value.items() if name != "H"}
    reader = symbols.Letters(value, nearly)
    if "A" in value:
        reader.primes[17] = "A"
    if family["task"] == "image-classification":
        reader.primes[tokens] = "T"  # 36 x 36 patches and one more: 1297 is a prime too
    return reader
