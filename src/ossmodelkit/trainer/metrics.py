"""What is told about each step: to a file always, to the parent for its bar, to trackers if asked."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class Journal:
    """`metrics.jsonl`: one object a step. On resume, lines after the checkpoint are taken back.

    `after` is the last step whose lines stay; -1 keeps none.
    """

    def __init__(self, path: Path, *, after: int = -1, silent: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = [line for line in _lines(path) if _step(line) <= after]
        if not silent:
            path.write_text("".join(kept))
        self._out = Path(os.devnull if silent else path).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115
        self.history: list[tuple[int, float]] = [
            (_step(line), float(json.loads(line)["loss"])) for line in kept if '"loss"' in line
        ]

    def log(self, facts: Mapping[str, Any]) -> None:
        """Add a line."""
        self._out.write(json.dumps(facts) + "\n")

    def keep(self) -> None:
        """Make what was written survive a crash: called with every checkpoint."""
        self._out.flush()
        with contextlib.suppress(OSError):  # a null device cannot
            os.fsync(self._out.fileno())

    def close(self) -> None:
        """Close the file."""
        self._out.close()


def _lines(path: Path) -> Iterable[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    return [line + "\n" for line in text.split("\n")[:-1]]


def _step(line: str) -> int:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return 1 << 60


class Pace:
    """Tokens per second, time left and use of the machine, over the steps of this process but the first.

    `flops` are operations per token; `rated` is what all cards can do in a second, 0 where unknown.
    """

    def __init__(self, total: int, done: int, *, flops: float = 0.0, rated: float = 0.0) -> None:
        self.total, self.done, self.first = total, done, done
        self.flops, self.rated = flops, rated
        self.tokens, self.began, self.counted = 0, time.monotonic(), 0

    def step(self, tokens: int) -> None:
        """One more step with so many tokens."""
        self.done += 1
        if self.done == self.first + 1:
            self.began = time.monotonic()
            return
        self.tokens += tokens
        self.counted += 1

    @property
    def tokens_per_second(self) -> float:
        """Real tokens, without padding; 0 before the second step."""
        taken = time.monotonic() - self.began
        return self.tokens / taken if self.counted and taken > 0 else 0.0

    @property
    def flops_per_second(self) -> float:
        """Operations of the model's matrix products that a second brings; recomputed ones are not counted."""
        return self.tokens_per_second * self.flops

    @property
    def mfu(self) -> float:
        """Model FLOPs utilization: the share of what the cards are rated for; 0 where that is unknown."""
        return self.flops_per_second / self.rated if self.rated else 0.0

    def told(self) -> dict[str, float]:
        """All of it, for a line of the journal; without the share where that is unknown."""
        found = {
            "tokens_per_second": round(self.tokens_per_second, 1),
            "flops_per_second": round(self.flops_per_second),
            "seconds_left": round(self.seconds_left, 1),
        }
        return found | ({"mfu": round(self.mfu, 4)} if self.rated else {})

    @property
    def seconds_left(self) -> float:
        """At the pace so far."""
        taken = time.monotonic() - self.began
        return taken / self.counted * (self.total - self.done) if self.counted else 0.0
