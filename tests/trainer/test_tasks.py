"""Classification, domains and seq2seq: they learn, and the domain becomes unreadable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.training import RunRecord
from tests.making import models
from tests.trainer.runs import job_in, losses, plan_of, run_here

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    models.tiny_bert(folder / "base")
    models.write_rows(folder / "data.jsonl", models.opinions(48))
    models.write_rows(folder / "held.jsonl", models.opinions(16))
    return folder


def classify(folder: Path, **settings: Any) -> RunRecord:
    train = {"steps": 60, "batch": 16, "lr": 1e-2, **settings.pop("train", {})}
    plan = plan_of(task="sequence-classification", evaluation_data="held.jsonl", train=train, **settings)
    record = run_here(job_in(folder, plan))
    assert record.status == "trained", (record.reason, record.hint)
    return record


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_classifier_learns(method: str, bert: Path) -> None:
    train = {} if method == "lora" else {"lr": 2e-3}
    record = classify(bert, method={"name": method, "rank": 4}, train=train, out=f"tuned-{method}")
    assert record.evaluations[-1]["evaluation_accuracy"] > 0.9, losses(record)


def test_a_tuned_classifier_loads_with_its_head(bert: Path) -> None:
    from peft import AutoPeftModelForSequenceClassification

    classify(bert, train={"steps": 2}, out="small")
    settings = json.loads((bert / "small" / "adapter_config.json").read_text())
    assert settings["modules_to_save"]
    settings["base_model_name_or_path"] = str(bert / "base")
    (bert / "small" / "adapter_config.json").write_text(json.dumps(settings))
    model = AutoPeftModelForSequenceClassification.from_pretrained(bert / "small", num_labels=2)
    assert model is not None


def test_a_merged_classifier_names_its_labels(bert: Path) -> None:
    record = classify(bert, train={"steps": 2}, merge=True, out="merged")
    assert record.parity["relative_difference"] < 1e-3
    config = json.loads((bert / "merged" / "config.json").read_text())
    assert config["id2label"] == {"0": "no", "1": "yes"}


def test_features_stop_betraying_the_domain(bert: Path) -> None:
    method, train = {"name": "full"}, {"steps": 150, "lr": 3e-4, "schedule": "constant"}
    left_alone = classify(bert, method=method, train=train, domain={"weight": 1e-9, "hidden": 16}, out="open")
    pushed = classify(bert, method=method, train=train, domain={"hidden": 16}, out="hidden")
    assert max(guessed(bert / "open.run")) > 0.7
    assert 0.35 < guessed(bert / "hidden.run")[-1] < 0.65
    for record in (left_alone, pushed):
        assert record.evaluations[-1]["evaluation_accuracy"] > 0.9


def guessed(run: Path) -> list[float]:
    """How often the domain was guessed, in the mean of thirty steps each."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = [line["domain_accuracy"] for line in lines if "domain_accuracy" in line]
    return [sum(found[start : start + 30]) / 30 for start in range(0, len(found), 30)]


def test_rows_of_the_other_domain_may_have_no_label(bert: Path) -> None:
    rows = [row | {"label": None} if row["domain"] == "book" else row for row in models.opinions(48)]
    models.write_rows(bert / "half.jsonl", rows)
    plan = {"method": {"name": "full"}, "train": {"steps": 5}, "domain": {}, "out": "half"}
    assert classify(bert, data="half.jsonl", **plan).steps == 5


def test_seq2seq_learns(tmp_path: Path) -> None:
    models.tiny_t5(tmp_path / "base")
    words = models.TEXT[1].split()
    rows = [{"source": f"{word} cat", "target": word} for word in words]
    models.write_rows(tmp_path / "data.jsonl", rows)
    plan = plan_of(task="seq2seq", method={"name": "lora"}, train={"steps": 60, "batch": 10, "lr": 3e-2})
    record = run_here(job_in(tmp_path, plan))
    assert record.status == "trained", record.reason
    assert losses(record)[-1] < 0.8 * losses(record)[0]


def test_a_new_head_learns_whole_beside_the_adapter(tmp_path: Path) -> None:
    from safetensors import safe_open

    sizes = {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2, "max_position_embeddings": 128}
    models.tiny(tmp_path / "base", "DistilBertConfig", "DistilBertModel", **sizes)
    models.write_rows(tmp_path / "data.jsonl", models.opinions(16))
    plan = plan_of(task="sequence-classification", train={"steps": 2}, merge=False)
    record = run_here(job_in(tmp_path, plan))
    assert record.status == "trained", record.reason
    with safe_open(tmp_path / "tuned" / "adapter_model.safetensors", "pt") as saved:
        names = set(saved.keys())
    assert any("pre_classifier.weight" in name for name in names)
    assert any("classifier.weight" in name and "pre_" not in name for name in names)
    merged = run_here(job_in(tmp_path, plan_of(task="sequence-classification", train={"steps": 2}, merge=True)))
    assert merged.parity["relative_difference"] < 1e-3, merged.reason
