"""What a run's record says to people and to the ledger."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.plan import Plan
from ossmodelkit.core.training import RunRecord
from ossmodelkit.tuning import telling

PLAN = Plan(base="b", data="d", out="o")


@pytest.mark.parametrize(
    ("values", "curve"),
    [([], ""), ([1.0], "▁"), ([3.0, 2.0, 1.0], "█▅▁"), ([1.0, 1.0], "▁▁")],
)
def test_a_curve_is_drawn_in_a_line(values: list[float], curve: str) -> None:
    assert telling.spark(values) == curve


@given(values=st.lists(st.floats(0, 1e6), max_size=300))
def test_a_curve_is_never_longer_than_its_place(values: list[float]) -> None:
    assert len(telling.spark(values, 20)) == min(20, len(values))


@given(count=st.integers(0, 3000))
def test_long_curves_are_thinned_and_keep_their_ends(count: int) -> None:
    loss = tuple((step, float(step)) for step in range(count))
    kept = telling.thinned(loss)
    assert len(kept) == min(count, telling.MOST_POINTS)
    assert not loss or (kept[0], kept[-1]) == (loss[0], loss[-1])


def test_a_record_without_a_step_can_be_told() -> None:
    record = RunRecord(status="failed", plan={}, reason="no")
    assert telling.tables(record, PLAN)
    assert telling.metrics(record)["first_loss"] is None


def test_the_time_left_is_readable() -> None:
    facts = {"loss": 1.23456, "tokens_per_second": 12345.6, "seconds_left": 3725.0, "memory_bytes": 3 * 2**30}
    on_a_card = telling.note(facts | {"mfu": 0.423, "flops_per_second": 4e14})
    assert on_a_card == "loss 1.235 · 12,346 tokens/s · MFU 42% · 3.0 GiB · 1:02:05 left"
    without = telling.note(facts | {"flops_per_second": 4.56e10})
    assert without == "loss 1.235 · 12,346 tokens/s · 45.6 GFLOP/s · 3.0 GiB · 1:02:05 left"


def test_an_evaluation_is_told_beside_what_the_base_had() -> None:
    seen = ({"step": 0, "n": 50, "evaluation_loss": 2.0}, {"step": 9, "n": 50, "evaluation_loss": 1.0})
    rows = dict(telling.tables(RunRecord(status="trained", plan={}, evaluations=seen), PLAN)[0].rows)
    assert rows["held out"] == "loss 1.000 (base 2.000) over 50 rows"
    rows = dict(telling.tables(RunRecord(status="trained", plan={}, evaluations=({"step": 9, "n": 2},)), PLAN)[0].rows)
    assert rows["held out"] == "no number over 2 rows"
