"""A recorded step at real sizes: what each of its segments adds, and how high it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ossmodelkit.estimating.coefficients import Recording
from ossmodelkit.estimating.wrapping import Choose, Open, backward, forward, opened

ChooseIn = Callable[[int], Choose]  # by stack
OF_THE_BATCH = frozenset("BTSRW")  # letters of sizes that grow with what is fed
OUTSIDE = -1  # the stack of layers that stand in no block


@dataclass(slots=True, kw_only=True)
class Scene:
    """One recording with its sizes in bytes; `keeps` is False where blocks are recomputed.

    `reads_input` names layers that read the block's own input, which the caller lets go of behind the blocks.
    """

    recorded: Recording
    sizes: list[int]
    choose: ChooseIn
    keeps: bool
    reads_input: tuple[str, ...] = ()
    held_longer: int = 0
    left: dict[str, Open] = field(default_factory=dict)
    known: dict[str, tuple[int, int]] = field(default_factory=dict)

    def changes(self, name: str) -> tuple[int, int]:
        """Bytes that a segment leaves behind, and its highest point above where it began."""
        if name not in self.known:
            self.known[name] = _sum_and_top(self._deltas(name))
        return self.known[name]

    def casts(self, name: str) -> int:
        """Bytes of weights cast in a block that is recomputed later: autocast keeps them to its end, not the block.

        Ask after `changes`.
        """
        if self.keeps or not runs_a_block(name):
            return 0
        return self.bare_casts(name) + sum(wrap.cast for wrap in self.left[name].wraps.values())

    def bare_casts(self, name: str) -> int:
        """Those that the recording itself makes, and lets go of once for each of its own three blocks."""
        if self.keeps or not runs_a_block(name):
            return 0
        weights = [not OF_THE_BATCH & set(letters) for _, letters in self.recorded.sizes]
        events = (event for event in self.recorded.segments[name] if isinstance(event, int))
        return sum(self._size(event) for event in events if weights[abs(event) - 1])

    def _deltas(self, name: str) -> list[int]:
        events = self.recorded.segments[name]
        stack, _, rest = name.partition(".")
        number, _, back = rest.partition(".")
        if stack.isdigit() and number.isdigit():
            return self._block(events, f"{stack}.{number}", int(stack), back=bool(back))
        if rest == "after":
            deltas, self.left["outside"] = forward(events, self._size, self.choose(OUTSIDE), keeps=True)
            return [self._freed_first(name) + self.held_longer, *deltas]
        if name == "loss.back":
            left = self.left.pop("outside", Open())
            return backward(events, self._size, self.choose(OUTSIDE), left, keeps=True)
        return [self._size(event) for event in events if isinstance(event, int)]

    def _block(self, events: list[Any], key: str, stack: int, *, back: bool) -> list[int]:
        choose = self.choose(stack)
        if back:
            return backward(events, self._size, choose, self.left.pop(key, Open()), keeps=self.keeps)
        deltas, left = forward(events, self._size, choose, keeps=self.keeps)
        self.left[key] = left if self.keeps else opened(events, self._size, choose)
        if self.keeps and not key.endswith(".1"):
            self._hold_input(left)
        return deltas

    def _hold_input(self, left: Open) -> None:
        """Adapters that save the input of the first or the last block as it is keep it until they run backward."""
        names = [one for one, wrap in left.wraps.items() if wrap.retains and one.endswith(self.reads_input)]
        if names:
            first = names[0]  # the last one to run backward
            left.held[first] = left.held.get(first, 0) + left.wraps[first].input_bytes
            self.held_longer += left.wraps[first].input_bytes

    def _size(self, number: int) -> int:
        return self.sizes[number] if number >= 0 else -self.sizes[-number]

    def _freed_first(self, name: str) -> int:
        """What this attention frees at the end of the blocks and the one that the head was recorded with does not."""
        if name != max(one for one in self.recorded.segments if one.endswith("after")):
            return 0
        mine, usual = (sum(self._size(e) for e in part if isinstance(e, int)) for part in self.recorded.freed_after)
        return mine - usual


def runs_a_block(name: str) -> bool:
    """Whether a segment is a block's forward pass."""
    return name.replace(".", "", 1).isdigit()


def _sum_and_top(deltas: list[int]) -> tuple[int, int]:
    live = top = 0
    for change in deltas:
        live += change
        if live > top:
            top = live
    return live, top
