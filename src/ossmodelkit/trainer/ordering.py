"""Which rows make up which step: a function of seed and step alone.

There is no iterator to save: a resumed run asks for its step and gets the same rows, on any number
of processes. Epochs follow each other without a gap, so every step but the last is full.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from functools import lru_cache

from ossmodelkit.core.plan import Train


@lru_cache(maxsize=2)
def epoch_order(count: int, seed: int, epoch: int) -> tuple[int, ...]:
    """The rows 0 … count-1 as they are visited in one epoch."""
    order = list(range(count))
    random.Random(f"order:{seed}:{epoch}").shuffle(order)  # noqa: S311 - order, not secrecy
    return tuple(order)


def planned_steps(train: Train, count: int) -> int:
    """How many optimizer steps the plan asks for with `count` rows. One epoch if it does not say."""
    if train.steps is not None:
        return train.steps
    epochs = 1.0 if train.epochs is None else train.epochs
    return max(1, math.ceil(epochs * count / train.batch - 1e-9))


def rows_of_step(step: int, count: int, train: Train, planned: int) -> tuple[int, ...]:
    """The rows of step `step` (from 0). The last step of whole epochs may hold fewer."""
    start = step * train.batch
    stop = start + train.batch
    if train.steps is None and step == planned - 1:
        epochs = 1.0 if train.epochs is None else train.epochs
        stop = min(stop, max(start + 1, math.ceil(epochs * count - 1e-9)))
    return tuple(epoch_order(count, train.seed, at // count)[at % count] for at in range(start, stop))


def order_digest(count: int, train: Train, planned: int) -> str:
    """SHA-256 over the row numbers of all steps, one step a line: what was shown, and in which order."""
    seen = hashlib.sha256()
    for step in range(planned):
        seen.update(" ".join(map(str, rows_of_step(step, count, train, planned))).encode() + b"\n")
    return seen.hexdigest()


def share(lengths: Sequence[int], parts: int) -> list[list[int]]:
    """Deal items to `parts` hands of about equal length, longest first; every hand keeps the items' order."""
    hands: list[list[int]] = [[] for _ in range(parts)]
    sums = [0] * parts
    for item in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        poorest = min(range(parts), key=lambda hand: (sums[hand], len(hands[hand]), hand))
        hands[poorest].append(item)
        sums[poorest] += lengths[item]
    return [sorted(hand) for hand in hands]


def best_fit(items: Sequence[int], lengths: Sequence[int], room: int) -> list[list[int]]:
    """Items in few bins of at most `room` tokens: longest first, each into the fullest bin that still has room.

    Best-fit decreasing needs at most 11/9 of the fewest bins and one more (Johnson et al. 1974). An item
    that is longer than `room` has a bin of its own.
    """
    bins: list[list[int]] = []
    left: list[int] = []
    for item in sorted(items, key=lambda i: (-lengths[i], i)):
        fitting = [number for number, space in enumerate(left) if space >= lengths[item]]
        if fitting:
            number = min(fitting, key=lambda n: (left[n], n))
        else:
            number = len(bins)
            bins.append([])
            left.append(room)
        bins[number].append(item)
        left[number] -= lengths[item]
    return bins


def fit_padded(items: Sequence[int], lengths: Sequence[int], room: int) -> list[list[int]]:
    """Items in bins whose padded size, rows times the longest, is at most `room` tokens; neighbours in length."""
    bins: list[list[int]] = []
    for item in sorted(items, key=lambda i: (-lengths[i], i)):
        if bins and (len(bins[-1]) + 1) * lengths[bins[-1][0]] <= room:
            bins[-1].append(item)
        else:
            bins.append([item])
    return bins


def cut(items: Sequence[int], lengths: Sequence[int], size: int) -> list[list[int]]:
    """Micro-batches of at most `size` items; neighbours in length travel together, so little is padded."""
    by_length = sorted(items, key=lambda item: (-lengths[item], item))
    return [by_length[start : start + size] for start in range(0, len(by_length), size)]
