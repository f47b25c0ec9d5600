"""A pickle's memo, which need not know yet what it holds.

A large run of plain values is passed over at once. What it would have remembered is worked out only
when somebody asks, since MEMOIZE numbers its entries by how many there are.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable

from ossmodelkit.formats.pickle_opcodes import memo_steps, puts
from ossmodelkit.formats.pickle_values import Box, Unknown, Value
from ossmodelkit.formats.tape import Tape
from ossmodelkit.foundation.errors import LimitExceededError

MOST_ENTRIES = 2_000_000
SPARSE = 1 << 20
NEXT, RECENT = -1, -2
NUMBER = re.compile(rb"\s*\+?([0-9][0-9_]*)")
GETS = frozenset({b"h", b"j", b"g"})
CONTAINERS = {
    **dict.fromkeys((b"]", b"l", b"e", b"a"), "list"),
    **dict.fromkeys((b"}", b"d", b"u", b"s"), "dict"),
    **dict.fromkeys((b"\x8f", b"\x90"), "set"),
    **dict.fromkeys((b")", b"t", b"\x85", b"\x86", b"\x87"), "tuple"),
    b"\x91": "frozenset",
}


class Memo:
    """Entries by number. Mutable by nature."""

    def __init__(self, tape: Tape, value_at: Callable[[int], Value]) -> None:
        self._tape = tape
        self._value_at = value_at
        self._known: dict[int, Value] = {}
        # Where the opcode of a plain value stands, by number, for those met in a deferred run.
        self._places = array("q")
        self._count = 0
        self._waiting: list[tuple[int, int, Value]] = []
        self._recent: dict[int, Value] = {}

    def defer(self, start: int, end: int) -> None:
        """Everything remembered between two offsets of the stream counts, once somebody asks."""
        self._waiting.append((start, end, None))
        self._recent.clear()

    def put(self, key: int, value: Value) -> None:
        """Remember under a number."""
        if self._waiting:
            self._waiting.append((RECENT, key, value))
            self._recent[key] = value
        else:
            self._set(key, value)

    def memoize(self, value: Value) -> None:
        """Remember under the next number."""
        if self._waiting:
            self._waiting.append((NEXT, 0, value))
        else:
            self._set(self._count, value)

    def get(self, key: int) -> Value:
        """What stands under a number; KeyError where nothing does."""
        if key in self._recent:
            return self._recent[key]
        self._settle()
        if key in self._known:
            return self._known[key]
        if 0 <= key < len(self._places) and self._places[key] >= 0:
            return self._value_at(self._places[key])
        raise KeyError(key)

    def _set(self, key: int, value: Value) -> None:
        placed = key < len(self._places) and self._places[key] >= 0
        if placed:
            self._places[key] = -1
        elif key not in self._known:
            self._count += 1
        if len(self._known) >= MOST_ENTRIES:
            raise LimitExceededError("remembers more objects than the limit allows")
        self._known[key] = value

    def _set_place(self, key: int, at: int) -> None:
        if key > len(self._places) + SPARSE:
            self._set(key, self._value_at(at))
            return
        if key >= len(self._places):
            self._places.extend([-1] * (key + 1 - len(self._places)))
        if self._known.pop(key, None) is None and self._places[key] < 0:
            self._count += 1
        self._places[key] = at

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._recent.clear()
        for start, end, value in waiting:
            if start == NEXT:
                self._set(self._count, value)
            elif start == RECENT:
                self._set(end, value)
            else:
                self._replay(start, end)

    def _replay(self, start: int, end: int) -> None:
        data = self._tape.read(start, end - start)
        for step in memo_steps().finditer(data):
            if step[2] is None:
                continue
            short = step[2] == b"\x94" or len(step[2]) == 2
            for put in (step[2],) if short and step[2] != b"\x94\x94" else puts().findall(step[2]):
                key = self._count if put == b"\x94" else memo_key(put[:1], put[1:])
                self._remember(key, data, step.start(1), step.start(2), start)

    def _remember(self, key: int, data: bytes, at: int, end: int, start: int) -> None:
        made = data[at : at + 1]
        if made in GETS:
            self._set(key, self._now(memo_key(made, data[at + 1 : end])))
        elif made in CONTAINERS:
            self._set(key, Box(CONTAINERS[made], whole=False))
        else:
            self._set_place(key, start + at)

    def _now(self, key: int) -> Value:
        if key in self._known:
            return self._known[key]
        placed = 0 <= key < len(self._places) and self._places[key] >= 0
        return self._value_at(self._places[key]) if placed else Unknown("nothing")


def memo_key(code: bytes, argument: bytes) -> int:
    """The number in a PUT or GET; -1 where a loader would refuse it.

    The text forms are numbers as C reads them: blanks and a sign may lead, underscores may divide,
    a NUL ends.
    """
    if code in b"gp":
        match = NUMBER.match(argument)
        return int(match[1].replace(b"_", b"")[:19]) if match else -1
    return int.from_bytes(argument, "little")
