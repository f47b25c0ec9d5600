"""From a followed step to what the caching allocator reserves: weights, then steps, the states within the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from ossmodelkit.estimating.allocating import reserved_by
from ossmodelkit.trainer.tracing_sharding import local
from ossmodelkit.trainer.tracing_storage import StorageTape

STEPS = 3  # from the second on every step asks for the same; one more shows that it has settled
Event = tuple[str, object, int]


def replayed(
    tape: StorageTape,
    static: Iterable[tuple[torch.Tensor, int]],
    given: Iterable[torch.Tensor],
    optimizer: torch.optim.Optimizer,
    segments: str,
) -> int:
    """Bytes reserved after some steps; `segments` is `expandable` for segments that grow."""
    sizes = [*(size for _, size in static), *(item.untyped_storage().nbytes() for item in given)]
    states = [
        local(item).untyped_storage().nbytes()
        for state in optimizer.state.values()
        for item in state.values()
        if isinstance(item, torch.Tensor)
    ]
    return reserved_by(_story(tape, sizes, states), expandable=segments == "expandable")


def _story(tape: StorageTape, sizes: list[int], states: list[int]) -> Iterator[Event]:
    for at, size in enumerate(sizes):
        yield ("+", ("static", at), size)
    for step in range(STEPS):
        for event in tape.events:
            if event[0] in ("+", "-"):
                yield (event[0], (step, event[1]), tape.sizes[event[1]][2])
            elif step == 0 and event == ("phase", "optimizer"):
                for at, size in enumerate(states):
                    yield ("+", ("state", at), size)
        yield from _left_over(tape, step)


def _left_over(tape: StorageTape, step: int) -> Iterator[Event]:
    """What the tape saw come and not go, such as the loss that the caller still holds: gone before the next step."""
    alive: dict[Any, None] = {}
    for event in tape.events:
        if event[0] == "+":
            alive[event[1]] = None
        elif event[0] == "-":
            alive.pop(event[1], None)
    for number in alive:
        yield ("-", (step, number), 0)
