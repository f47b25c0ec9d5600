"""How fast, how hard and how much longer: told for every step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ossmodelkit.trainer.metrics import Pace
from tests.trainer.runs import job_in, plan_of, run_here

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train


def test_the_share_of_a_card_is_its_flops_over_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    from ossmodelkit.trainer import metrics

    clock = iter(float(n) for n in range(100))
    monkeypatch.setattr(metrics.time, "monotonic", lambda: next(clock))
    pace = Pace(10, 0, flops=1e9, rated=4e12)
    pace.step(500)  # The first step warms up; the clock starts at its end, here at 1.
    pace.step(1000)
    assert pace.tokens_per_second == 1000.0  # One second later.
    assert pace.mfu == pytest.approx(500 * 1e9 / 4e12)  # Two seconds later.
    assert pace.seconds_left == pytest.approx(3 * 8)
    assert "mfu" not in Pace(10, 0, flops=1e9).told()


def test_operations_are_counted_for_frozen_and_for_learning_weights() -> None:
    from transformers.pytorch_utils import Conv1D

    from ossmodelkit.trainer.int8 import Int8Linear
    from ossmodelkit.trainer.recording import flops_per_token

    frozen, learning = torch.nn.Linear(3, 5).requires_grad_(False), torch.nn.Linear(5, 2)
    turned, packed = Conv1D(7, 2), Int8Linear(torch.nn.Linear(7, 3))
    model = torch.nn.Sequential(frozen, learning, turned, packed, torch.nn.LayerNorm(3))
    assert flops_per_token(model) == 4 * 15 + 6 * 10 + 6 * 14 + 4 * 21


def test_every_step_says_how_fast_and_how_large(llama: Path) -> None:
    record = run_here(job_in(llama, plan_of()))
    lines = [json.loads(line) for line in (llama / "tuned.run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5]
    last = lines[-1]
    assert last["flops_per_second"] == pytest.approx(last["tokens_per_second"] * record.flops_per_token, rel=0.01)
    assert last["memory_bytes"] > 50 * 2**20
    assert record.flops_per_token > 0 and record.mfu == 0.0
