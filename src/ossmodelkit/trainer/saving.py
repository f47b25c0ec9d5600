"""The tuned folder: it appears whole or not at all, and says itself what it was made from."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ossmodelkit.core.plan import MethodName, Plan, Task, Weights
from ossmodelkit.trainer import loading, pissa
from ossmodelkit.trainer.batching import padded
from ossmodelkit.trainer.encoding import Example
from ossmodelkit.trainer.troubles import Trouble

DUTIES = ("LICENSE*", "NOTICE*", "USE_POLICY*", "THIRD_PARTY_NOTICES*")
SETS = frozenset({"target_modules", "modules_to_save", "feedforward_modules", "exclude_modules"})
TOKENIZER_FILES = (
    "tokenizer*.json",
    "tokenizer.model",
    "*.spm",
    "spiece.model",
    "sentencepiece*.model",
    "vocab*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*",
)
PARITY = 2e-3
CARD = """\
---
{front}---
# {title}

Tuned with ossmodelkit: {method} on `{base}`, {steps} steps, seed {seed}.
The run record, with the digests of base and data, is in the project's evidence.
"""


def save(
    model: nn.Module,
    tokenizer: Any,
    plan: Plan,
    *,
    base: Path,
    out: Path,
    steps: int,
    tensors: dict[str, torch.Tensor] | None = None,
) -> dict[str, Any]:
    """Write the adapter, or the whole model when it was tuned whole or is to be merged; gives back the parity check.

    `tensors` replaces the model's own state where that is sharded.
    Raises `Trouble` when merging changes what the model says.
    """
    partial = out.parent / f".{out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    parity: dict[str, Any] = {}
    try:
        whole = loading.trains_whole(plan)
        if whole:
            _save_whole(model, partial, tensors)
        elif plan.merge:
            adapter = out.parent / f".{out.name}.adapter"
            _save_adapter(model, plan, adapter, base, tensors)
            parity = _merge(plan, base, adapter, partial, labels=_labels(model, plan))
            shutil.rmtree(adapter)
        else:
            _save_adapter(model, plan, partial, base, tensors)
        _copy_tokenizer(base, partial, tokenizer)
        _describe(plan, base, partial, whole=whole or plan.merge, steps=steps)
        _settle(partial, out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return parity


def _save_whole(model: nn.Module, folder: Path, tensors: dict[str, torch.Tensor] | None = None) -> None:
    model.config.use_cache = True
    model.config._attn_implementation = None
    model.save_pretrained(folder, state_dict=tensors)


def _save_adapter(
    model: nn.Module, plan: Plan, folder: Path, base: Path, tensors: dict[str, torch.Tensor] | None
) -> None:
    for settings in model.peft_config.values():
        settings.base_model_name_or_path = _name_of(plan, base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(folder, save_embedding_layers=False, state_dict=tensors)
    (folder / "README.md").unlink(missing_ok=True)
    _sort_settings(folder / "adapter_config.json")
    if labels := _labels(model, plan):
        # An adapter has no place for the names of its classes, and without them its answers are numbers.
        (folder / "labels.json").write_text(json.dumps({"id2label": labels}, indent=2) + "\n")
    if plan.method.name is MethodName.PISSA:
        pissa.rewrite(folder, pissa.beginnings(model))


def _sort_settings(path: Path) -> None:
    """peft writes sets in any order; the same run must give the same bytes."""
    settings = json.loads(path.read_text())
    ordered = {
        key: sorted(value) if key in SETS and isinstance(value, list) else value for key, value in settings.items()
    }
    path.write_text(json.dumps(ordered, indent=2, sort_keys=True) + "\n")


def _copy_tokenizer(base: Path, folder: Path, tokenizer: Any) -> None:
    """The base's own files, byte for byte; saved anew only where the tokenizer lives in other files."""
    for pattern in TOKENIZER_FILES:
        for path in sorted(base.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                shutil.copyfile(path, folder / path.name)
    if not any(folder.glob("tokenizer*")):
        tokenizer.save_pretrained(folder)


def _name_of(plan: Plan, base: Path) -> str:
    """How the base is called in files that travel: as in the plan, but no path of this machine.

    Nor one that walks: an adapter that begins with `./` or `../` sends its loader to whatever lies there.
    """
    name = Path(os.path.normpath(plan.base))
    return base.name if name.is_absolute() or name.parts[0] == ".." else name.as_posix()


def _merge(plan: Plan, base: Path, adapter: Path, folder: Path, *, labels: dict[int, str]) -> dict[str, Any]:
    """Merge into the *original* weights, reload the result from disk and compare what both say."""
    from peft import PeftModel

    weights = plan.weights if plan.weights is Weights.BF16 else Weights.FP32
    plain = replace(plan, weights=weights)
    cpu = torch.device("cpu")
    model = PeftModel.from_pretrained(loading.load_model(plain, base, cpu, classes=len(labels)), str(adapter)).eval()
    before = _say(model)
    merged = model.merge_and_unload()
    if labels:
        merged.config.id2label, merged.config.label2id = labels, {name: index for index, name in labels.items()}
    _save_whole(merged, folder)
    del model, merged
    after = _say(loading.load_model(plain, folder, cpu, classes=len(labels)).eval())
    apart = float((before - after).abs().max() / before.abs().max().clamp_min(1e-6))
    limit = PARITY if weights is Weights.FP32 else 0.1
    if apart > limit:
        raise Trouble(
            f"the merged model differs from base and adapter by {apart:.1e}, at most {limit:.0e} is allowed",
            hint="set merge = false and ship the adapter",
        )
    return {"relative_difference": apart, "allowed": limit, "compared": "logits of 16 tokens, base+adapter vs merged"}


def _labels(model: nn.Module, plan: Plan) -> dict[int, str]:
    return dict(model.config.id2label) if plan.task is Task.CLASSIFICATION else {}


def _say(model: nn.Module) -> torch.Tensor:
    vocabulary = int(model.config.vocab_size)
    chance = torch.Generator().manual_seed(1)
    tokens = torch.randint(vocabulary, (16,), generator=chance).tolist()
    batch = padded([Example(tokens=tuple(tokens))], pad=0)
    given: dict[str, Any] = {"input_ids": batch.tokens, "attention_mask": batch.mask}
    if getattr(model.config, "is_encoder_decoder", False):
        given["decoder_input_ids"] = batch.tokens
    with torch.no_grad():
        found: torch.Tensor = model(**given).logits
    return found.float()


def _describe(plan: Plan, base: Path, folder: Path, *, whole: bool, steps: int) -> None:
    """A card with the lineage in its front matter, and the notices that go with the base."""
    for pattern in DUTIES:
        for path in sorted(base.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                shutil.copyfile(path, folder / path.name)
    front = {
        "base_model": _name_of(plan, base),
        "base_model_relation": "finetune" if whole else "adapter",
        "library_name": "transformers" if whole else "peft",
    }
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in front.items())
    card = CARD.format(
        front=lines,
        title=Path(plan.out).name,
        method=plan.method.name,
        base=_name_of(plan, base),
        steps=steps,
        seed=plan.train.seed,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def _settle(partial: Path, out: Path) -> None:
    for path in partial.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    partial.rename(out)
    shutil.rmtree(old, ignore_errors=True)
