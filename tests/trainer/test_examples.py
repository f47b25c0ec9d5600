"""Every example plan runs as it is printed, on a small model with rows of the kind it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from ossmodelkit.tuning import plan as plans
from tests.making import models
from tests.trainer.runs import run_here

pytest.importorskip("torch")
pytestmark = pytest.mark.train

LABELED = ("classification", "domain-adversarial")


def lay_out(name: str, folder: Path) -> None:
    if name in LABELED:
        models.tiny_bert(folder / "base")
        models.write_rows(folder / "data.jsonl", models.opinions(16))
    elif name == "seq2seq":
        models.tiny_t5(folder / "base")
        models.write_rows(folder / "data.jsonl", [{"source": f"{word} cat", "target": word} for word in ("one", "two")])
    else:
        models.tiny_llama(folder / "base")
        models.write_rows(folder / "data.jsonl", models.chats(16))


@pytest.mark.parametrize("name", plans.examples())
def test_an_example_runs_as_it_is_printed(name: str, tmp_path: Path) -> None:
    lay_out(name, tmp_path)
    (tmp_path / "plan.toml").write_text(plans.example(name))
    job = plans.job(plans.read(tmp_path / "plan.toml"), tmp_path)
    plans.check_places(job, force=False)
    record = run_here(job)
    assert record.status == "trained", (record.reason, record.hint)
    assert record.outputs and record.steps == record.planned_steps >= 1
