"""Where the next opcode of a pickle and its argument lie, as a loader finds them.

The loaders disagree in one place. When an argument crosses the end of its frame, loading from
memory reads straight on, while the C loader reading a file drops the rest of the frame and takes
the whole argument from behind it (CPython issue 154848). `skips` chooses the second reading.
"""

from __future__ import annotations

import re

from ossmodelkit.formats.pickle_opcodes import COPIED, COUNTED, FIXED, KNOWN, LINES, SIGNED
from ossmodelkit.formats.tape import Tape
from ossmodelkit.foundation.errors import UnreadableError

# A line that goes on for so long is looked at before its end is searched for: in front of a hole of
# gigabytes, as weights have them, the search would take seconds for what no loader accepts.
LONG_LINE = 64 * 1024
NUMBERS = frozenset({b"I", b"L", b"F", b"g", b"p"})
LIKE_A_NUMBER = re.compile(rb"[\s\w.+-]++")
QUOTES = (b"'", b'"', b" ", b"\t")


class BrokenStreamError(UnreadableError):
    """The stream does not go on as a pickle; every loader stops here."""


class Cursor:
    """A place in a pickle. `crossed` collects the offsets where an argument leaves its frame.

    `split` tells where the first of two lines ends and where the second begins.
    """

    def __init__(self, tape: Tape, at: int, *, skips: bool = False) -> None:
        self.tape = tape
        self.at = at
        self.skips = skips
        self.frame_end = -1
        self.crossed: list[int] = []
        self.split = (0, 0)

    def step(self) -> tuple[bytes, int, int]:
        """The next opcode and the offsets where its argument begins and ends; moves behind them.

        Raises `BrokenStreamError` where no loader can go on.
        """
        started = self.at
        code = self.tape.read(self.at, 1)
        if code not in KNOWN:
            what = f"unknown opcode 0x{code.hex()}" if code else "the data ends without a STOP"
            raise BrokenStreamError(f"{what} at offset {started}")
        self.at += 1
        self._leave_frame()
        start = self.at
        if code in FIXED:
            start = self._take(FIXED[code], started)
        elif code in COUNTED:
            start = self._take(COUNTED[code], started)
            count = int.from_bytes(self.tape.read(start, COUNTED[code]), "little", signed=code in SIGNED)
            if count < 0:
                raise BrokenStreamError(f"negative length at offset {started}")
            start = self._take(count, started, copied=code in COPIED)
        elif code in LINES:
            start = self._line(code, started)
            if LINES[code] == 2:
                first_end = self.at
                self.split = (first_end, self._line(code, started))
        return code, start, self.at

    def argument(self, code: bytes, start: int, end: int) -> bytes:
        """The bytes of an argument; those of two lines need not lie side by side."""
        if LINES.get(code) == 2:
            first_end, second = self.split
            return self.tape.read(start, first_end - start) + self.tape.read(second, end - second)
        return self.tape.read(start, end - start)

    def enter_frame(self, length: int, started: int) -> None:
        """A FRAME of `length` bytes begins here."""
        if 0 <= self.at < self.frame_end:
            self._cross(started)
            if self.at + length <= self.frame_end:
                return
            if self.skips:
                self.at = self.frame_end
        self.frame_end = min(self.at + length, self.tape.size)
        self._leave_frame()

    def _leave_frame(self) -> None:
        if self.at >= self.frame_end:
            self.frame_end = -1

    def _cross(self, started: int) -> None:
        if len(self.crossed) < 100:
            self.crossed.append(started)

    def _take(self, count: int, started: int, *, copied: bool = False) -> int:
        if self.frame_end >= 0 and self.at + count > self.frame_end and self.frame_end < self.tape.size:
            self._cross(started)
            if self.skips and not copied:
                self.at = self.frame_end
        start = self.at
        if start + count > self.tape.size:
            raise BrokenStreamError(f"the argument at offset {started} is longer than the file")
        self.at += count
        self._leave_frame()
        return start

    def _line(self, code: bytes, started: int) -> int:
        end = self._end_of_line(code, started, self.frame_end if self.frame_end >= 0 else self.tape.size)
        if end < 0 and 0 <= self.frame_end < self.tape.size:
            self._cross(started)
            if self.skips:
                self.at = self.frame_end
            end = self._end_of_line(code, started, self.tape.size)
        start = self.at
        self.at = end + 1 if end >= 0 else self.tape.size
        self._leave_frame()
        return start

    def _end_of_line(self, code: bytes, started: int, limit: int) -> int:
        """Where the line that begins here ends, or -1 where nothing ends it before `limit`."""
        near = min(limit, self.at + LONG_LINE)
        end = self.tape.find(b"\n", self.at, near)
        if end >= 0 or near == limit:
            return end
        if wrong := _refused(code, self.tape.read(self.at, LONG_LINE)):
            raise BrokenStreamError(f"{wrong} at offset {started}")
        return self.tape.find(b"\n", near, limit)


def _refused(code: bytes, line: bytes) -> str:
    """Why no loader accepts a line that begins with these bytes and is longer than they are."""
    first = line.partition(b"\0")[0]
    if code == b"P":
        return "a persistent id without an end"
    if code in NUMBERS and not LIKE_A_NUMBER.fullmatch(first):
        return "a number that is none"
    if code == b"S" and line[:1] not in QUOTES:
        return "a string without its quotes"
    return "a name with a NUL in it" if LINES[code] == 2 and first != line else ""
