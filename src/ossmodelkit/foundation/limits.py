"""How much one file may cost a reader: bytes, depth, members and seconds.

Every reader of a stranger's bytes takes a `Budget` and spends from it, so that a hostile
file ends in a named `LimitExceededError` and never in a hang or an exhausted memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ossmodelkit.foundation.errors import LimitExceededError

MIB = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Budget:
    """What is left to spend on one file. Mutable by nature; make a new one for each file.

    `bytes_left` counts bytes held or expanded in memory, not bytes skipped over.
    """

    bytes_left: int = 256 * MIB
    depth_left: int = 8
    members_left: int = 100_000
    deadline: float = field(default_factory=lambda: time.monotonic() + 60.0)

    def spend_bytes(self, count: int) -> None:
        """Take `count` bytes; negative or absurd counts from a header are refused as well."""
        if count < 0 or count > self.bytes_left:
            raise LimitExceededError(
                f"asks for {count} bytes, {self.bytes_left} were left",
                hint="raise the byte limit if the file is trusted",
            )
        self.bytes_left -= count

    def spend_member(self) -> None:
        """Take one archive member, table entry or nested object."""
        if self.members_left <= 0:
            raise LimitExceededError("has more members than the limit allows")
        self.members_left -= 1

    def check_time(self) -> None:
        """Stop when the time for this file is over."""
        if time.monotonic() > self.deadline:
            raise LimitExceededError("took longer than the time limit allows")

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of nesting, given back at the end."""
        if self.depth_left <= 0:
            raise LimitExceededError("is nested deeper than the limit allows")
        self.depth_left -= 1
        try:
            yield
        finally:
            self.depth_left += 1
