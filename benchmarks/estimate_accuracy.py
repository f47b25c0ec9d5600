"""How far the instant estimate is from an independent trace, on steps drawn by chance over all families."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.estimate_cases import cases
from ossmodelkit.estimating.architecture import read_architecture
from ossmodelkit.estimating.asking import check_variant, peak_of
from ossmodelkit.estimating.options import StepOptions
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.foundation.wire import from_wire

CASES, SEED = 160, 1


def options(words: Mapping[str, Any]) -> StepOptions:
    """The words of the command line as options."""
    usual = "default" if words["method"] == "ia3" else "all-linear"
    targets = str(words.get("targets", usual)).split(",")
    return from_wire(StepOptions, {**words, "targets": targets}, where="case")


def run() -> str:
    """A table by family; takes about ten minutes on a quiet machine, and no card."""
    from benchmarks.estimate_truth import peak

    errors: dict[str, list[float]] = {}
    refused = untraceable = 0
    for config, words in cases(CASES, SEED):
        try:
            truth = peak(config, words)
        except (RuntimeError, ValueError):  # what transformers, peft or torch on a CPU cannot run at all
            untraceable += 1
            continue
        try:
            model, step = read_architecture(config), options(words)
            check_variant(model, step)
            found = peak_of(model, step).allocated_bytes
        except KitError:
            refused += 1
            continue
        errors.setdefault(config["model_type"], []).append(100 * (found / truth - 1))
    every = [error for found in errors.values() for error in found]
    lines = [
        f"### Instant estimate against an independent trace, {len(every)} random cases (seed {SEED})",
        "",
        f"Median {statistics.median(map(abs, every)):.2f} %, largest {max(map(abs, every)):.1f} %, "
        f"more than 2 % under: {sum(error < -2 for error in every)}; refused {refused}, not traceable {untraceable}.",
        "",
        "| family | cases | lowest | highest |",
        "|---|---|---|---|",
    ]
    lines += [f"| {name} | {len(some)} | {min(some):+.2f} % | {max(some):+.2f} % |" for name, some in errors.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(run())
