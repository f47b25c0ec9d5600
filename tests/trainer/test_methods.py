"""Every method trains, leaves what it says, and what it leaves can be loaded by the libraries it is for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.training import RunRecord
from tests.making import models
from tests.trainer.runs import job_in, losses, plan_of, run_here

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

RATES = {"lora": 1e-2, "dora": 1e-2, "rslora": 5e-3, "pissa": 3e-3, "ia3": 0.1, "prompt-tuning": 0.3, "full": 5e-3}


def tune(folder: Path, method: str, **settings: Any) -> RunRecord:
    train = {"steps": 30, "batch": 8, "lr": RATES[method], **settings.pop("train", {})}
    plan = plan_of(method={"name": method, "virtual_tokens": 4}, train=train, **settings)
    record = run_here(job_in(folder, plan))
    assert record.status == "trained", (record.reason, record.hint)
    return record


@pytest.mark.parametrize("method", RATES)
def test_a_method_learns(method: str, llama: Path) -> None:
    found = losses(tune(llama, method))
    fall = 0.99 if method in ("ia3", "prompt-tuning") else 0.93  # A few hundred numbers on a random base.
    assert sum(found[-5:]) < fall * sum(found[:5]), found


@pytest.mark.parametrize("method", ["lora", "dora", "rslora", "pissa", "ia3", "prompt-tuning"])
def test_an_adapter_fits_the_published_base(method: str, llama: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tune(llama, method)
    files = {path.name for path in (llama / "tuned").iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "README.md"} <= files
    assert not any(name.endswith((".bin", ".pt")) for name in files)
    settings = json.loads((llama / "tuned" / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == "base"
    base = AutoModelForCausalLM.from_pretrained(llama / "base")
    tokenizer = AutoTokenizer.from_pretrained(llama / "tuned")
    text = tokenizer.apply_chat_template(models.chats(2)[1]["messages"], tokenize=False)
    tokens = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        before = float(base(tokens, labels=tokens).loss)
        tuned = PeftModel.from_pretrained(base, llama / "tuned").eval()
        after = float(tuned(tokens, labels=tokens).loss)
    assert after < before


@pytest.mark.parametrize(
    ("named", "travels"), [("./base", "base"), ("base/", "base"), ("../other/base", "base"), ("a/base", "a/base")]
)
def test_an_adapter_names_its_base_without_a_path_that_walks(named: str, travels: str) -> None:
    from ossmodelkit.trainer.saving import _name_of

    assert _name_of(plan_of(base=named), Path("/somewhere/base")) == travels


@pytest.mark.parametrize(
    ("method", "weights"),
    [("lora", "fp32"), ("dora", "fp32"), ("rslora", "fp32"), ("pissa", "fp32"), ("ia3", "fp32"), ("lora", "int8")],
)
def test_merged_weights_say_what_base_and_adapter_say(method: str, weights: str, llama: Path) -> None:
    record = tune(llama, method, merge=True, weights=weights)
    assert record.parity["relative_difference"] < 1e-3
    files = {path.name for path in (llama / "tuned").iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= files
    assert "adapter_config.json" not in files


def test_full_tuning_leaves_a_whole_model(llama: Path) -> None:
    from transformers import AutoModelForCausalLM

    tune(llama, "full")
    model = AutoModelForCausalLM.from_pretrained(llama / "tuned")
    assert model.config._attn_implementation == "sdpa"
    assert json.loads((llama / "tuned" / "config.json").read_text())["use_cache"] is True


def test_the_same_run_leaves_the_same_bytes(llama: Path) -> None:
    first = tune(llama, "lora", train={"steps": 3})
    again = tune(llama, "lora", train={"steps": 3})
    assert first.outputs == again.outputs
    assert losses(first) == losses(again)


def test_small_adapters_are_small(llama: Path) -> None:
    for method in ("ia3", "prompt-tuning"):
        record = tune(llama, method, train={"steps": 1})
        assert record.trainable_parameters < 0.02 * record.parameters


def test_unfreezing_unfreezes_what_it_says(llama: Path) -> None:
    record = tune(llama, "full", train={"steps": 10}, unfreeze={"groups": 2, "every": 3, "warmup": 2})
    stages = [(stage["step"], stage["stage"]) for stage in record.stages]
    assert stages == [(0, "head"), (3, "blocks 1-1"), (6, "blocks 0-0"), (9, "embeddings")]
    assert [stage["learning"] for stage in record.stages] == [2, 11, 20, 21]


def test_what_is_frozen_stays_as_it_was(llama: Path) -> None:
    from safetensors.torch import load_file

    tune(llama, "full", train={"steps": 5}, unfreeze={"groups": 2, "every": 3})
    before, after = (load_file(llama / name / "model.safetensors") for name in ("base", "tuned"))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("layers.1." in name for name in changed)
    assert not any("layers.0." in name or "embed_tokens" in name for name in changed)


def test_a_plateau_brings_the_next_group(llama: Path) -> None:
    rule = {"groups": 2, "every": 0, "plateau": 2, "warmup": 0}
    record = tune(llama, "full", train={"steps": 12, "lr": 1e-9}, unfreeze=rule)
    assert len(record.stages) > 2


def test_a_student_learns_from_its_teacher(llama: Path) -> None:
    shutil.copytree(models.tiny_llama(llama / "teacher", layers=4), llama / "base", dirs_exist_ok=True)
    record = tune(llama, "full", distill={"teacher": "teacher", "keep_layers": 2, "weight": 0.7})
    found = losses(record)
    assert found[-1] < 0.8 * found[0]
    config = json.loads((llama / "tuned" / "config.json").read_text())
    assert config["num_hidden_layers"] == 2
