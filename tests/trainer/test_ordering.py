"""Which rows make up which step depends on seed and step, and on nothing else."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.plan import Train
from ossmodelkit.trainer import ordering


@given(count=st.integers(1, 60), batch=st.integers(1, 20), epochs=st.integers(1, 4), seed=st.integers(0, 99))
def test_whole_epochs_show_every_row_equally_often(count: int, batch: int, epochs: int, seed: int) -> None:
    train = Train(epochs=epochs, batch=batch, seed=seed)
    planned = ordering.planned_steps(train, count)
    shown = [row for step in range(planned) for row in ordering.rows_of_step(step, count, train, planned)]
    assert Counter(shown) == Counter(dict.fromkeys(range(count), epochs))
    assert sorted(shown[:count]) == list(range(count))


@given(count=st.integers(1, 60), batch=st.integers(1, 20), steps=st.integers(1, 30))
def test_steps_are_full_when_steps_are_asked_for(count: int, batch: int, steps: int) -> None:
    train = Train(steps=steps, batch=batch)
    assert ordering.planned_steps(train, count) == steps
    assert all(len(ordering.rows_of_step(step, count, train, steps)) == batch for step in range(steps))


def test_the_seed_decides() -> None:
    orders = {ordering.order_digest(50, Train(steps=5, seed=seed), 5) for seed in (0, 1, 1, 2)}
    assert len(orders) == 3
    assert ordering.epoch_order(5, 0, 0) == (0, 4, 1, 2, 3), "an order that changes breaks every resumed run"


@given(lengths=st.lists(st.integers(1, 500), min_size=1, max_size=40), parts=st.integers(1, 6))
def test_hands_hold_everything_once_and_weigh_alike(lengths: list[int], parts: int) -> None:
    hands = ordering.share(lengths, parts)
    assert sorted(item for hand in hands for item in hand) == list(range(len(lengths)))
    sums = [sum(lengths[item] for item in hand) for hand in hands]
    assert max(sums) - min(sums) <= max(lengths)


@given(lengths=st.lists(st.integers(1, 500), min_size=1, max_size=40), room=st.integers(500, 2000))
def test_bins_hold_everything_once_and_no_more_than_their_room(lengths: list[int], room: int) -> None:
    fitted, padded = (fit(range(len(lengths)), lengths, room) for fit in (ordering.best_fit, ordering.fit_padded))
    for bins in (fitted, padded):
        assert sorted(item for one in bins for item in one) == list(range(len(lengths)))
    assert all(sum(lengths[item] for item in one) <= room for one in fitted)
    assert all(len(one) * max(lengths[item] for item in one) <= room for one in padded)
    fewest = -(-sum(lengths) // room)
    assert len(fitted) <= max(2 * fewest - 1, 1), "two bins that both were half empty would have been one"


def test_a_row_goes_where_it_leaves_the_least_room() -> None:
    assert ordering.best_fit(range(5), [6, 5, 4, 3, 2], 10) == [[0, 2], [1, 3, 4]]
    assert ordering.best_fit([0], [7], 5) == [[0]]


@given(lengths=st.lists(st.integers(1, 500), min_size=1, max_size=40), size=st.integers(1, 9))
def test_micro_batches_hold_everything_once(lengths: list[int], size: int) -> None:
    groups = ordering.cut(range(len(lengths)), lengths, size)
    assert sorted(item for group in groups for item in group) == list(range(len(lengths)))
    assert all(0 < len(group) <= size for group in groups)
