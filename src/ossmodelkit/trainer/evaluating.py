"""Loss and accuracy on rows that are not learned from, before the first step and along the way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from ossmodelkit.trainer.encoding import Example
from ossmodelkit.trainer.feeding import Feed
from ossmodelkit.trainer.learning import Learner
from ossmodelkit.trainer.loop import Loop


def evaluate(learner: Learner, feed: Feed, examples: Sequence[Example]) -> dict[str, float]:
    """Mean loss (and accuracy, where rows have labels) with the number of rows, `n`.

    A loss that is no number is left out: JSON has none, and the step that follows ends the run.
    """
    learner.eval()
    total, weight, right = 0.0, 0.0, 0.0
    size = feed.plan.train.rows_at_once
    with torch.no_grad():
        for start in range(0, len(examples), size):
            part = examples[start : start + size]
            total += float(learner(feed.batch(part)))
            weight += sum(feed.weight(example) for example in part)
            right += float(learner.notes.get("right", 0.0))
    found: dict[str, float] = {"n": len(examples)}
    if math.isfinite(total):
        found["evaluation_loss"] = total / max(1.0, weight)
    if "right" in learner.notes:
        found["evaluation_accuracy"] = right / len(examples)
    return found


def evaluate_at_the_start(loop: Loop) -> None:
    """What the base can do already, so that the end has something to be held against."""
    if loop.evaluate is not None and loop.done == 0:
        loop.evaluate_now()


def evaluate_at_the_end(loop: Loop) -> None:
    """Unless the last step was evaluated anyway."""
    if loop.evaluate is not None and (not loop.evaluations or loop.evaluations[-1]["step"] != loop.done):
        loop.evaluate_now()
