"""The micro-batches of a step, for this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from ossmodelkit.core.plan import Plan, Task
from ossmodelkit.trainer import ordering
from ossmodelkit.trainer.batching import Batch, flat, padded
from ossmodelkit.trainer.encoding import IGNORED, Example


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Rows by step. `rank` and `processes` say which share is ours."""

    plan: Plan
    examples: Sequence[Example]
    planned: int
    packing: bool
    pad: int
    device: torch.device
    rank: int = 0
    processes: int = 1
    _ahead: list[tuple[int, tuple[list[Batch], float, int]]] = field(default_factory=list)

    def prepare(self, step: int) -> None:
        """Make the batches of `step` ahead of time."""
        self._ahead[:] = [(step, self.step(step))]

    def taken(self, step: int) -> tuple[list[Batch], float, int]:
        """The batches of `step`: those made ahead, or made now."""
        ahead = self._ahead.pop() if self._ahead else None
        return ahead[1] if ahead is not None and ahead[0] == step else self.step(step)

    def step(self, step: int) -> tuple[list[Batch], float, int]:
        """(our micro-batches, weight of the whole step, its real tokens over all processes)."""
        rows = ordering.rows_of_step(step, len(self.examples), self.plan.train, self.planned)
        chosen = [self.examples[row] for row in rows]
        lengths = [len(example.tokens) for example in chosen]
        groups = self._groups(lengths)
        batches = [self.batch([chosen[item] for item in group] or [_empty(chosen[0])]) for group in groups]
        weight = sum(self.weight(example) for example in chosen)
        return batches, float(max(1, weight)), sum(lengths)

    def rows(self, step: int) -> list[int]:
        """The lines of the data file that a step is made of, for messages."""
        rows = ordering.rows_of_step(step, len(self.examples), self.plan.train, self.planned)
        return [self.examples[row].line for row in rows]

    def weight(self, example: Example) -> int:
        """What a row counts for: learned tokens, or one."""
        if self.plan.task is Task.CLASSIFICATION:
            return 1
        return len(example.labels) if self.plan.task is Task.SEQ2SEQ else example.learned

    def batch(self, examples: Sequence[Example]) -> Batch:
        """Examples as one batch on the device."""
        if self.packing:
            return flat(examples).to(self.device)
        return padded(examples, pad=self.pad, causal=self.plan.task is Task.CAUSAL_LM).to(self.device)

    def _groups(self, lengths: list[int]) -> list[list[int]]:
        """Our rows in micro-batches; every process has as many, for they exchange within each."""
        hands = [self._cut(hand, lengths) for hand in ordering.share(lengths, self.processes)]
        groups, wanted = hands[self.rank], max(1, *(len(hand) for hand in hands))
        return groups + [[] for _ in range(wanted - len(groups))]

    def _cut(self, hand: Sequence[int], lengths: list[int]) -> list[list[int]]:
        train = self.plan.train
        if train.micro_tokens:
            fit = ordering.best_fit if self.packing else ordering.fit_padded
            return fit(hand, lengths, train.micro_tokens)
        return ordering.cut(hand, lengths, train.micro_batch or train.batch)


def _empty(example: Example) -> Example:
    """The same tokens, teaching nothing."""
    return replace(example, labels=(IGNORED,) * len(example.labels), target=IGNORED)
