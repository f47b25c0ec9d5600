"""Numbers that follow from the files and the records: sizes, counts, architecture, energy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.evidence import Kind
from ossmodelkit.foundation import resources
from ossmodelkit.releasing.dossier import Dossier

# What a configuration says that a reader of a card wants to know.
CONFIG = {
    "model_type": "architecture family",
    "hidden_size": "hidden size",
    "num_hidden_layers": "layers",
    "num_attention_heads": "attention heads",
    "num_key_value_heads": "key-value heads",
    "intermediate_size": "feed-forward size",
    "vocab_size": "vocabulary",
    "max_position_embeddings": "longest context in tokens",
}
JOULES_PER_KWH = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Energy of the training run in kilowatt-hours, how it was found, or why it is unknown."""

    kwh: float | None
    method: str


def derived(dossier: Dossier) -> Iterator[float]:
    """Numbers that a card may print although no record holds them as they are."""
    yield float(len(dossier.files))
    yield float(sum(fact.bytes for fact in dossier.files.values()))
    yield from (float(fact.bytes) for fact in dossier.files.values())
    yield from (float(v) for v in architecture(dossier).values() if isinstance(v, (int, float)))
    yield from (float(v) for v in run_numbers(dossier).values() if v is not None)
    found = energy(dossier).kwh
    if found is not None:
        yield found


def config(dossier: Dossier) -> Mapping[str, Any]:
    """`config.json` of the payload, or an empty table."""
    try:
        found = json.loads(dossier.texts.get("config.json", b"{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def architecture(dossier: Dossier) -> dict[str, Any]:
    """What was counted in the files or by a run: parameters, and what the configuration says."""
    found: dict[str, Any] = {}
    model = dossier.details(Kind.ESTIMATE).get("model")
    parameters = model.get("parameters") if isinstance(model, Mapping) else None
    for value in (parameters, _metrics(dossier).get("parameters")):
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            found.setdefault("parameters", value)
    for key, label in CONFIG.items():
        value = config(dossier).get(key)
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            found[label] = value
    return found


def run_numbers(dossier: Dossier) -> dict[str, float | None]:
    """The training run in numbers: steps, tokens, seconds, losses, floating-point operations."""
    metrics = _metrics(dossier)
    names = ("steps", "tokens", "learned_tokens", "seconds", "first_loss", "last_loss", "tokens_per_second",
             "peak_memory_bytes", "trainable_parameters", "parameters", "flops_per_token")  # fmt: skip
    found: dict[str, float | None] = {name: _number(metrics.get(name)) for name in names}
    found["flop"] = flop(dossier)
    total, part = found["parameters"], found["trainable_parameters"]
    found["trainable_share"] = part / total if total and part is not None else None
    return found


def flop(dossier: Dossier) -> float | None:
    """Floating-point operations of the run: tokens times the operations for one token; None where unknown."""
    metrics = _metrics(dossier)
    tokens, each = _number(metrics.get("tokens")), _number(metrics.get("flops_per_token"))
    if tokens and each:
        return tokens * each
    parameters = _number(metrics.get("parameters"))
    return _operations(dossier) * parameters * tokens if parameters and tokens else None


def flop_formula(dossier: Dossier) -> str:
    """How `flop` was worked out, in words."""
    metrics = _metrics(dossier)
    if _number(metrics.get("tokens")) and _number(metrics.get("flops_per_token")):
        return "tokens × operations per token, as the run recorded them"
    return f"{_operations(dossier):.0f} × parameters × tokens"


def _operations(dossier: Dossier) -> float:
    """Operations per parameter and token: 2 forward, 2 for activations, and 2 for weights when all of them learn."""
    return 4.0 if dossier.details(Kind.FINETUNE).get("relation") == "adapter" else 6.0


def energy(dossier: Dossier) -> Energy:
    """Seconds times the power the record names; an estimate, and unknown without a power."""
    run = dossier.details(Kind.FINETUNE)
    told = run.get("energy") if isinstance(run.get("energy"), Mapping) else dossier.measured("energy")
    if isinstance(told, Mapping) and (kwh := _number(told.get("kwh"))) is not None:
        return Energy(kwh=kwh, method=str(told.get("method") or "measured"))
    seconds = _number(_metrics(dossier).get("seconds"))
    hardware = run.get("hardware")
    hardware = hardware if isinstance(hardware, Mapping) else {}
    watts = _number(hardware.get("power_watts")) or rated_watts(str(hardware.get("card") or ""))
    if seconds is None or watts is None:
        return Energy(kwh=None, method="unknown: the run recorded no power draw")
    cards = _number(hardware.get("processes")) or 1.0
    return Energy(kwh=seconds * watts * cards / JOULES_PER_KWH, method="estimated: run time × rated power")


def rated_watts(card: str) -> float | None:
    """The board power of an accelerator by the name its driver gives; None for an unknown one."""
    if not card:
        return None
    data = json.loads(resources.config("hardware", "accelerators.json").read_text(encoding="utf-8"))
    listed = [one for rows in data.values() if isinstance(rows, list) for one in rows if isinstance(one, dict)]
    return next((_number(one.get("tdp_w")) for one in listed if card in one.get("device_names", ())), None)


def _metrics(dossier: Dossier) -> Mapping[str, Any]:
    run = dossier.details(Kind.FINETUNE)
    metrics = run.get("metrics")
    return metrics if isinstance(metrics, Mapping) else run


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
