"""A pickle's stack with its marks, as the C loader keeps it: nothing below the last mark can be taken."""

from __future__ import annotations

from ossmodelkit.formats.pickle_cursor import BrokenStreamError
from ossmodelkit.formats.pickle_values import Value
from ossmodelkit.foundation.errors import LimitExceededError

DEEPEST = 4_000_000


class Stack:
    """Values and marks. Mutable by nature."""

    def __init__(self) -> None:
        self.items: list[Value] = []
        self.marks: list[int] = []

    @property
    def fence(self) -> int:
        """How many values lie below the last mark."""
        return self.marks[-1] if self.marks else 0

    def push(self, value: Value) -> None:
        """Put a value on top."""
        self.items.append(value)

    def top(self) -> Value:
        """The value on top; it stays."""
        self._need(1)
        return self.items[-1]

    def pop(self) -> Value:
        """Take the value on top."""
        self._need(1)
        return self.items.pop()

    def take(self, count: int) -> tuple[Value, ...]:
        """Take the topmost `count` values, in the order they were pushed."""
        self._need(count)
        taken = tuple(self.items[-count:])
        del self.items[-count:]
        return taken

    def mark(self) -> None:
        """Set a mark."""
        self.marks.append(len(self.items))

    def to_mark(self) -> list[Value]:
        """Take everything above the last mark, and the mark."""
        if not self.marks:
            raise BrokenStreamError("no mark is set")
        place = self.marks.pop()
        taken = self.items[place:]
        del self.items[place:]
        return taken

    def drop_to_mark(self) -> None:
        """Take away everything above the last mark, and the mark."""
        self.to_mark()

    def drop(self) -> None:
        """Take away the mark on top, or else the value on top."""
        if self.marks and self.marks[-1] == len(self.items):
            self.marks.pop()
        else:
            self.pop()

    def check_depth(self) -> None:
        """Stop a stream that only piles up."""
        if len(self.items) + len(self.marks) > DEEPEST:
            raise LimitExceededError("piles up more values than the limit allows")

    def _need(self, count: int) -> None:
        if len(self.items) - self.fence < count:
            raise BrokenStreamError("takes from an empty stack")
