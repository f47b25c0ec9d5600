"""The first pass over a pickle: how far it reaches, and whether it names anything outside itself.

Runs of opcodes that cannot name code are passed over by one regular expression; payloads are never
copied. A stream that names nothing can only build plain values, and needs no second pass.
"""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.formats.pickle_cursor import BrokenStreamError, Cursor
from ossmodelkit.formats.pickle_opcodes import FRAME, OUTSIDE, PROTO, STOP, inert
from ossmodelkit.formats.tape import Tape
from ossmodelkit.foundation.limits import Budget

SMALL = 8192  # below, compiling the pattern costs more than it saves


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One stream: where it ends, its highest protocol, and what was met on the way.

    `outside` counts the opcodes that name code or foreign objects; `broken` says why no loader gets
    further than `end`; `crossed` holds the offsets of arguments that leave their frame.
    """

    start: int
    end: int
    protocol: int
    outside: int
    steps: int
    broken: str = ""
    crossed: tuple[int, ...] = ()


def walk(tape: Tape, start: int, budget: Budget, *, skips: bool = False) -> Walk:
    """Follow the pickle at `start` to its STOP, or to where it breaks."""
    cursor = Cursor(tape, start, skips=skips)
    protocol = outside = steps = 0
    broken = ""
    try:
        while True:
            if tape.size - start > SMALL:
                _pass_over(cursor)
            code, begin, _ = cursor.step()
            steps += 1
            if code == STOP:
                break
            if code in OUTSIDE:
                outside += 1
            elif code == FRAME:
                cursor.enter_frame(int.from_bytes(tape.read(begin, 8), "little"), begin - 1)
            elif code == PROTO:
                protocol = max(protocol, tape.read(begin, 1)[0])
            if not steps & 0xFFF:
                budget.check_time()
    except BrokenStreamError as error:
        broken = error.message
    return Walk(
        start=start,
        end=cursor.at,
        protocol=protocol,
        outside=outside,
        steps=steps,
        broken=broken,
        crossed=tuple(cursor.crossed),
    )


def _pass_over(cursor: Cursor) -> None:
    """Move over plain opcodes, as far as they lie in the window and in the frame."""
    tape = cursor.tape
    while True:
        begin = tape.show(cursor.at)
        if begin >= len(tape.window):
            return
        limit = len(tape.window)
        if cursor.frame_end >= 0:
            limit = min(limit, cursor.frame_end - tape.base)
        match = inert().match(tape.window, begin, limit)
        end = match.end() if match else begin
        if end == begin:
            return
        cursor.at = tape.base + end
        cursor._leave_frame()
