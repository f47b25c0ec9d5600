"""From a `config.json` to the family it belongs to and the sizes that its memory depends on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ossmodelkit.estimating import contradicting, layering
from ossmodelkit.estimating.layering import Block, size
from ossmodelkit.estimating.options import Dtype
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from ossmodelkit.foundation.resources import config as shipped

DTYPES = {"bfloat16": Dtype.BF16, "float16": Dtype.FP16, "float32": Dtype.FP32}
TRACE = "use --trace, which follows the real model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A model by its sizes. `letters` are those of configs/coefficients/families.toml; `stacks` counts blocks.

    `window` and `longest` are tokens; 0 means none and unknown. `blocks` are those of the first stack; only where
    a model mixes them do they differ. `biased` names the layers that a flag gives a bias.
    """

    family: str
    model_type: str
    task: str
    letters: Mapping[str, int]
    stacks: tuple[int, ...]
    tied: bool
    gate: str = ""
    window: int = 0
    longest: int = 0
    blocks: tuple[Block, ...] = ()
    biased: tuple[str, ...] = ()
    dtype: Dtype | None = None
    notes: tuple[str, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)

    @property
    def layers(self) -> int:
        """Blocks of all stacks."""
        return sum(self.stacks)

    @property
    def recorded(self) -> str:
        """The name of its recordings: with as many key heads as query heads, or with one, those of a twin."""
        return self.family + self._twin

    @property
    def recorded_dense(self) -> str:
        """The name of the recordings of blocks without experts."""
        dense = families()[self.spec["dense"]]
        return str(self.spec["dense"]) + (self._twin if self._twin[1:] in dense.get("twins", ()) else "")

    @property
    def _twin(self) -> str:
        kind = "mha" if self.letters["A"] == self.letters["K"] else "mqa" if self.letters["K"] == 1 else ""
        return f"_{kind}" if kind in self.spec.get("twins", ()) else ""


@cache
def families() -> dict[str, Any]:
    """The table of families that coefficients were derived for."""
    return tomllib.loads(shipped("coefficients", "families.toml").read_text(encoding="utf-8"))


def read_architecture(config: Mapping[str, Any]) -> Architecture:
    """The architecture that a configuration describes.

    Raises `UsageError` naming the field that is missing, absurd or in contradiction to another, and
    `NothingToJudgeError` for a family or a variant that no coefficients were derived for.
    """
    kind = config.get("model_type")
    if not isinstance(kind, str) or not kind:
        raise UsageError("config.json: field 'model_type' is missing", hint="give the model's own config.json")
    contradicting.check_is_one_model(config, kind)
    name, spec = _family(kind, config)
    contradicting.check_head(config, spec)
    contradicting.check_activation(config, spec, kind)
    letters = _letters(config, spec)
    _check(letters, config, spec, kind)
    letters |= {"G": letters["A"] // letters["K"], "F": letters["A"] // letters["K"] + 2}
    gate = _gate(config, spec)
    window = layering.window(config, spec)
    stacks = (letters["L"], letters["N"]) if "N" in letters else (letters["L"],)
    return Architecture(
        family=name,
        model_type=kind,
        task=spec["task"],
        letters=letters,
        stacks=stacks,
        tied=_flag(config, "tie_word_embeddings", spec["tied"]),
        gate=gate,
        window=window,
        blocks=layering.blocks(config, spec, letters, window=window),
        biased=tuple(n for flag, names in spec.get("biases", {}).items() if _flag(config, flag, False) for n in names),
        longest=_longest(config, spec),
        dtype=DTYPES.get(str(config.get("dtype") or config.get("torch_dtype") or "").removeprefix("torch.")),
        notes=contradicting.remarks(config, kind, _known_kinds()),
        spec=spec,
    )


TASKS = {
    "ForCausalLM": "causal-lm",
    "LMHeadModel": "causal-lm",
    "ForMaskedLM": "masked-lm",
    "ForConditionalGeneration": "seq2seq",
    "ForSequenceClassification": "sequence-classification",
    "ForImageClassification": "image-classification",
}


def outline(config: Mapping[str, Any]) -> Architecture:
    """The architecture, or of a family without coefficients as much as a trace needs: its task.

    Raises `NothingToJudgeError` when `architectures` does not tell the task either.
    """
    try:
        return read_architecture(config)
    except NothingToJudgeError as error:
        named = config.get("architectures")
        first = str(named[0]) if isinstance(named, list) and named else ""
        task = next((task for ending, task in TASKS.items() if first.endswith(ending)), None)
        if task is None or config.get("auto_map") or "text_config" in config:
            raise error
        return Architecture(
            family="", model_type=str(config["model_type"]), task=task, letters={}, stacks=(), tied=False
        )


def _family(kind: str, config: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    for name, spec in families().items():
        if kind in spec["types"]:
            if config.get("auto_map"):
                raise NothingToJudgeError(
                    "config.json: 'auto_map' wants the model's own code, which may differ from its family",
                    hint="remove auto_map if the code is transformers' own; remote code is never run",
                )
            return name, spec
    known = ", ".join(kind for spec in families().values() for kind in spec["types"])
    why = " and 'auto_map' wants the model's own code, which is never run" if config.get("auto_map") else ""
    raise NothingToJudgeError(
        f"no coefficients were derived for model_type {kind!r}{why}",
        hint=("remove auto_map and " if why else "") + f"{TRACE}; the instant estimate knows {known}",
    )


@cache
def _known_kinds() -> frozenset[str]:
    return frozenset(kind.replace("_", "") for spec in families().values() for kind in spec["types"])


def _letters(config: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    missing: list[str] = []
    for letter, key in spec["fields"].items():
        value = config.get(key)
        if value is None and (other := spec.get("aliases", {}).get(key)):
            value = config.get(other)
        if value is not None:
            found[letter] = size(value, key)
        elif letter not in spec["defaults"] and letter not in spec.get("optional", ()):
            missing.append(key)
    if missing:
        raise UsageError(f"config.json: field {missing[0]!r} is missing", hint=_add(missing))
    for letter, rule in (*spec["defaults"].items(), *spec.get("derived", {}).items()):
        if letter not in found:
            found[letter] = _by_rule(rule, found)
    if spec["task"] == "image-classification":
        found |= _image(config, found)
    return found


def _add(missing: list[str]) -> str:
    return "give the complete config.json" + (f" (also missing: {', '.join(missing[1:])})" if missing[1:] else "")


def _by_rule(rule: str, found: Mapping[str, int]) -> int:
    if rule.isdigit():
        return int(rule)
    parts = re.fullmatch(r"(\d*)([A-Z])(?:/([A-Z]))?", rule)
    assert parts is not None
    whole = int(parts[1] or 1) * found[parts[2]]
    return whole // found[parts[3]] if parts[3] else whole


def _flag(config: Mapping[str, Any], key: str, default: bool) -> bool:
    value = config.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise UsageError(f"config.json: {key} is {str(value)[:40]!r}, wanted true or false")
    return value


def _check(letters: Mapping[str, int], config: Mapping[str, Any], spec: Mapping[str, Any], kind: str) -> None:
    heads, shared = letters["A"], letters["K"]
    names: dict[str, str] = dict(spec["fields"])
    if heads % shared:
        raise UsageError(
            f"config.json: {names['A']} is {heads}, {names.get('K', 'key heads')} is {shared}: no multiple of it",
            hint="correct the one that is wrong",
        )
    if (
        ("D" not in names or config.get(names["D"]) is None)
        and "H" in spec["defaults"].get("D", "")
        and letters["H"] % heads
    ):
        raise UsageError(
            f"config.json: {names['H']} is {letters['H']}, {names['A']} is {heads}: no multiple of it",
            hint="correct the one that is wrong",
        )
    if "E" in letters and letters["C"] > letters["E"]:
        raise UsageError(
            f"config.json: {names['C']} is {letters['C']}, {names['E']} only {letters['E']}",
            hint="a token cannot visit more experts than there are",
        )
    for key, allowed in spec.get("require", {}).items():
        value = config.get(key)
        if value is not None and value not in allowed:
            raise NothingToJudgeError(f"no coefficients were derived for {kind} with {key} = {value!r}", hint=TRACE)
    if "E" not in letters:
        half = [
            key
            for key in ("num_local_experts", "num_experts", "num_experts_per_tok", "moe_intermediate_size")
            if config.get(key)
        ]
        if half:
            raise UsageError(
                f"config.json: {half[0]!r} belongs to a mixture of experts, model_type {kind!r} has none",
                hint="correct model_type, or remove the field",
            )


def _gate(config: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    for key, known in spec.get("gates", {}).items():
        value = known[0] if config.get(key) is None else config[key]
        if value not in known or isinstance(value, bool) != isinstance(known[0], bool):
            raise NothingToJudgeError(f"no coefficients were derived for {key} = {str(value)[:40]!r}", hint=TRACE)
        return str(value)
    return ""


def _longest(config: Mapping[str, Any], spec: Mapping[str, Any]) -> int:
    """Positions the model was made for; 0 where nothing says, or where positions are relative."""
    if spec["task"] not in ("causal-lm", "masked-lm"):
        return 0
    value = config.get("max_position_embeddings") or config.get(spec["fields"].get("X", ""))
    return size(value, "max_position_embeddings") if value is not None else 0


def _image(config: Mapping[str, Any], found: Mapping[str, int]) -> dict[str, int]:
    side = config.get("image_size", 224)
    side = size(side, "image_size")
    across = side // found["p"]
    if not across:
        raise UsageError(f"config.json: image_size {side} is smaller than patch_size {found['p']}")
    return {"m": across, "T": across * across + 1}
