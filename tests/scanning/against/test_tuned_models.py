"""Real models from transformers, torch and peft: what was changed is what is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.report import Report
from ossmodelkit.workflow.scan import scan
from tests.making import tuned

pytestmark = pytest.mark.train


def against(model: Path, base: Path, claim: str = "") -> Report:
    return scan(str(model), against=str(base), claim=claim)


def ids(report: Report) -> set[str]:
    return {one.check for one in report.findings}


def moved(report: Report) -> set[str]:
    return {one["name"] for one in report.data["against"]["changes"]}


def test_a_merged_adapter_changed_its_targets_and_nothing_else(base: Path, tmp_path: Path) -> None:
    model = tuned.adapter(base, tmp_path / "m", ["q_proj", "v_proj"], merged=True)
    report = against(model, base, "lora:q_proj,v_proj")
    wanted = {f"model.layers.{n}.self_attn.{p}_proj.weight" for n in (0, 1) for p in "qv"}
    assert (moved(report), ids(report), report.verdict) == (wanted, set(), "clean")
    changed = {one["layer"]: one["changed"] for one in report.data["against"]["layers"]}
    assert changed == {"lm_head": 0, "model.embed_tokens": 0, "model.layers.0": 2, "model.layers.1": 2, "model.norm": 0}


def test_what_changed_beyond_the_claim_is_a_finding(base: Path, tmp_path: Path) -> None:
    model = tuned.adapter(base, tmp_path / "a", ["q_proj"], merged=True)

    def edit(one: Any) -> None:
        one.lm_head.weight[7] += 1

    both = tuned.edited(model, tmp_path / "m", edit)
    report = against(both, base, "q_proj")
    assert (ids(report), report.verdict) == ({"change-not-claimed"}, "suspicious")
    assert report.findings[0].at.members == ("lm_head.weight",)
    head = next(one for one in report.data["against"]["changes"] if one["name"] == "lm_head.weight")
    assert (head["rows_changed"], head["numbers_changed"]) == (1, 32)


def test_sizes_are_those_torch_computes(base: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    model = tuned.adapter(base, tmp_path / "m", ["down_proj"], merged=True)
    before, after = load_file(base / "model.safetensors"), load_file(model / "model.safetensors")
    for one in against(model, base).data["against"]["changes"]:
        gap = (after[one["name"]] - before[one["name"]]).norm() / before[one["name"]].norm()
        assert one["relative_change"] == pytest.approx(float(gap), rel=1e-4)
    assert torch.is_tensor(gap)


def test_an_adapter_says_which_modules_it_changes(base: Path, tmp_path: Path) -> None:
    model = tuned.adapter(base, tmp_path / "m", ["q_proj", "up_proj"], merged=False, modules_to_save=["lm_head"])
    report = against(model, base)
    found = report.data["against"]["adapter"]
    assert {one["module"].rpartition(".")[2] for one in found["modules"]} == {"q_proj", "up_proj"}
    assert {one["rank"] for one in found["modules"]} == {4}
    assert all(one["relative_change"] > 0 and not one["trouble"] for one in found["modules"])
    assert report.verdict == "clean"


def test_an_adapters_size_is_that_of_its_product(base: Path, tmp_path: Path) -> None:
    apart = tuned.adapter(base, tmp_path / "a", ["q_proj"], merged=False)
    merged = tuned.adapter(base, tmp_path / "m", ["q_proj"], merged=True)
    product = {
        one["module"]: one["relative_change"] for one in against(apart, base).data["against"]["adapter"]["modules"]
    }
    changes = against(merged, base).data["against"]["changes"]
    whole = {one["name"].removesuffix(".weight"): one["relative_change"] for one in changes}
    assert product == pytest.approx(whole, rel=1e-3)


def test_an_adapter_that_was_never_trained_is_idle(base: Path, tmp_path: Path) -> None:
    model = tuned.adapter(base, tmp_path / "m", ["q_proj"], merged=False, idle=True)
    assert "adapter-idle" in ids(against(model, base))


def test_an_adapter_with_more_than_it_names_is_a_finding(base: Path, tmp_path: Path) -> None:
    model = tuned.adapter(base, tmp_path / "m", ["q_proj", "o_proj"], merged=False)
    settings = json.loads((model / "adapter_config.json").read_text())
    (model / "adapter_config.json").write_text(json.dumps(settings | {"target_modules": ["q_proj"]}))
    report = against(model, base)
    assert ids(report) == {"adapter-beyond-config"}
    assert "o_proj" in report.findings[0].at.members[0]


def test_an_adapter_for_another_base_does_not_fit(base: Path, tmp_path: Path) -> None:
    from tests.making import models

    wide = models.tiny_llama(tmp_path / "wide", hidden=64)
    model = tuned.adapter(wide, tmp_path / "m", ["q_proj"], merged=False)
    assert "adapter-unfit" in ids(against(model, base))


def test_other_files_and_shards_of_the_same_weights_are_the_same(base: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    sharded = tuned.edited(base, tmp_path / "s", lambda model: None, max_shard_size="20KB")
    weights = AutoModelForCausalLM.from_pretrained(base).state_dict()
    torch.save(weights, tmp_path / "zip.pt")
    torch.save({"model": weights, "step": 7}, tmp_path / "legacy.bin", _use_new_zipfile_serialization=False)
    for model in (sharded, tmp_path / "zip.pt", tmp_path / "legacy.bin"):
        for one, other in ((model, base), (base, model)):
            report = against(one, other)
            assert report.data["against"]["counts"]["same"] == 21, report
            assert (ids(report) & {"change-nothing"}, report.gaps) == ({"change-nothing"}, ())


def test_a_bare_base_is_found_inside_a_classifier(base: Path, tmp_path: Path) -> None:
    from transformers import BertConfig, BertForSequenceClassification, BertModel

    config = BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, vocab_size=99)
    bare, whole = BertModel(config), BertForSequenceClassification(config)
    whole.bert.load_state_dict(bare.state_dict())
    bare.save_pretrained(tmp_path / "bare")
    whole.save_pretrained(tmp_path / "whole")
    report = against(tmp_path / "whole", tmp_path / "bare")
    counts = report.data["against"]["counts"]
    assert (counts["added"], counts["missing"], counts["changed"]) == (2, 0, 0)
    assert ids(report) == {"change-adds-tensors", "change-settings"}


def test_rounding_to_another_type_is_no_training(base: Path, tmp_path: Path) -> None:
    half = tuned.edited(base, tmp_path / "half", lambda model: model.half())
    report = against(half, base)
    assert ids(report) == {"change-type"}
    assert {one["numbers_changed"] for one in report.data["against"]["changes"]} == {0}

    def edit(model: Any) -> Any:
        model.model.norm.weight[0] += 0.5
        return model.half()

    both = against(tuned.edited(base, tmp_path / "both", edit), base, "none")
    assert [one.at.members for one in both.findings if one.check == "change-not-claimed"] == [("model.norm.weight",)]


def test_new_tokens_bring_rows_and_leave_the_old_ones(base: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens(["<tool>", "</tool>"])
    model = tuned.edited(base, tmp_path / "m", lambda one: one.resize_token_embeddings(len(tokenizer)) and one)
    tokenizer.save_pretrained(model)
    report = against(model, base, "none")
    assert ids(report) == {"change-shape", "change-tokenizer", "change-settings"}
    assert all(
        "2 rows added, old rows are the base's" in one.saw for one in report.findings if one.check == "change-shape"
    )
    assert report.data["against"]["tokens_added"] == ["<tool>", "</tool>"]


def test_a_full_claim_with_untouched_layers_is_told(base: Path, tmp_path: Path) -> None:
    def edit(model: Any) -> None:
        for parameter in model.model.layers[1].parameters():
            parameter += 0.01

    report = against(tuned.edited(base, tmp_path / "m", edit), base, "full")
    assert ids(report) == {"claim-not-kept"}
    assert report.findings[0].saw.startswith(
        "4 of 5 layers are the base's: lm_head, model.embed_tokens, model.layers.0"
    )


def test_another_model_is_told_from_a_tuned_one(base: Path, tmp_path: Path) -> None:
    from tests.making import models

    assert "change-other-model" in ids(against(models.tiny_llama(tmp_path / "other", seed=9), base))


def test_numbers_that_broke_are_found(base: Path, tmp_path: Path) -> None:
    def edit(model: Any) -> None:
        model.model.norm.weight[3] = float("nan")

    report = against(tuned.edited(base, tmp_path / "m", edit), base)
    assert [one.saw for one in report.findings if one.check == "change-breaks-numbers"] == ["1 of 32"]
