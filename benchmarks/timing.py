"""Time whole processes in turn, so that a machine that slows down slows all of them."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

PYTHON = sys.executable


def medians(commands: Mapping[str, Sequence[str]], *, runs: int = 9) -> dict[str, float]:
    """Median wall seconds of each command over `runs` rounds, after one warm-up round."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, words in commands.items():
            began = time.perf_counter()
            subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if number:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def table(title: str, rows: Mapping[str, float], unit_of: str) -> str:
    """A Markdown table of ratios against the row called `unit_of`."""
    unit = rows[unit_of]
    lines = [f"### {title}", "", "| what | seconds | ratio |", "|---|---|---|"]
    lines += [f"| {name} | {taken:.3f} | {taken / unit:.2f} |" for name, taken in rows.items()]
    return "\n".join(lines)
