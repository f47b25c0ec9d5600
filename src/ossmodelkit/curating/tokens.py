"""How many tokens each row is for a base, said by a meter that holds the base's own tokenizer."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ossmodelkit.curating.converting import as_messages, why_not
from ossmodelkit.curating.example import Example

AT_ONCE = 64
PERCENTILES = (50, 90, 95, 99, 100)


class Measure(NamedTuple):
    """What a meter says of one row: its tokens, those that are learned, those it has no word for; or why it cannot."""

    tokens: int = 0
    learned: int = 0
    unknown: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A base's tokenizer at work: `ask` measures rows as (task, row); `longest` is its own limit in tokens, or 0."""

    base: str
    longest: int
    ask: Callable[[Sequence[tuple[str, Mapping[str, Any]]]], Sequence[Measure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long the rows are: `(percent, tokens)`, `(at most so many tokens, rows)`, and the sums in tokens."""

    base: str
    rows: int
    tokens: int
    learned: int
    most: int
    percentiles: tuple[tuple[int, int], ...]
    steps: tuple[tuple[int, int], ...]


class Measuring:
    """Rows waiting to be measured, and the lengths so far: four bytes a row. Mutable: one for each run."""

    def __init__(self, meter: Meter, most: int, tell: Callable[[Example, Measure, int], None]) -> None:
        self.meter = meter
        self.most = most or meter.longest
        self.tell = tell
        self._waiting: list[tuple[Example, str, Mapping[str, Any]]] = []
        self._tokens = array("L")
        self._learned = 0

    def add(self, example: Example) -> None:
        """Take in a row, unless no trainer can read it: other rules tell of those."""
        if asked := trained_as(example):
            self._waiting.append((example, *asked))
            if len(self._waiting) >= AT_ONCE:
                self.flush()

    def flush(self) -> None:
        """Measure what waits."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        for (example, _, _), measure in zip(waiting, self.meter.ask([one[1:] for one in waiting]), strict=True):
            if not measure.trouble:
                self._tokens.append(measure.tokens)
                self._learned += measure.learned
            self.tell(example, measure, self.most)

    def lengths(self) -> Lengths:
        """The sums and shares over everything that was measured."""
        ordered = sorted(self._tokens)
        count = len(ordered)
        return Lengths(
            base=self.meter.base,
            rows=count,
            tokens=sum(ordered),
            learned=self._learned,
            most=self.most,
            percentiles=tuple((p, ordered[(count * p - 1) // 100]) for p in PERCENTILES) if count else (),
            steps=_steps(ordered),
        )


def trained_as(example: Example) -> tuple[str, Mapping[str, Any]] | None:
    """The task and the row as the trainer reads it; None for what it cannot read as it is."""
    value = example.value
    if example.shape == "text":
        return "causal-lm", {"text": value.get("text")}
    if example.shape == "labeled" and example.turns and example.label:
        return "sequence-classification", {"text": example.turns[0].text, "label": example.label}
    if example.shape == "source-target":
        return "seq2seq", {"source": value.get("source"), "target": value.get("target")}
    if example.shape == "prompt-completion" and isinstance(value.get("prompt"), str) and "completion" in value:
        return "causal-lm", {"prompt": value["prompt"], "completion": value["completion"]}
    if why_not(example):
        return None
    return "causal-lm", as_messages(example)


def _steps(ordered: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Rows by the power of two they fit in."""
    steps: dict[int, int] = {}
    for tokens in ordered:
        step = 1 << max(tokens - 1, 0).bit_length()
        steps[step] = steps.get(step, 0) + 1
    return tuple(sorted(steps.items()))
