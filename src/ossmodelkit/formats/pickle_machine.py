"""The second pass over a pickle: what it would import, call and alter, without doing any of it.

A stack, a memo and marks are kept as the C loader keeps them; see `pickle_values` for what lies on
them. Deeds are handed out as events the moment a loader would do them, so a stream that breaks off
later has still done what it did before.
"""

from __future__ import annotations

from collections.abc import Callable

from ossmodelkit.formats.pickle_actions import ACTIONS, fill
from ossmodelkit.formats.pickle_constants import CONSTANTS, STRINGS
from ossmodelkit.formats.pickle_cursor import Cursor
from ossmodelkit.formats.pickle_events import Event
from ossmodelkit.formats.pickle_memo import Memo
from ossmodelkit.formats.pickle_opcodes import COUNTED, FIXED, LINES, batch
from ossmodelkit.formats.pickle_stack import Stack
from ossmodelkit.formats.pickle_values import Box, Stored, Unknown, Value
from ossmodelkit.formats.tape import Tape
from ossmodelkit.foundation.limits import Budget

LONGEST_CONSTANT = 4096
LARGE = 64 * 1024
WORTH_PASSING = 2048
STOP, MARK, FRAME = 0x2E, 0x28, b"\x95"
# One opcode with a short argument reaches no further than this.
REACH = 2 + 255

WIDTHS = [1] * 256
for _code, _count in FIXED.items():
    WIDTHS[_code[0]] = 1 + _count
SHORT = frozenset(code[0] for code, field in COUNTED.items() if field == 1)
LONG = frozenset(code[0] for code in (*COUNTED, *LINES)) - SHORT | {STOP, ord("b")}
ONE_LINE = frozenset(code for code, count in LINES.items() if count == 1)
MADE = {b"t": "tuple", b"l": "list", b"d": "dict", b"\x91": "frozenset"}
FILLED = {b"e": "APPENDS", b"u": "SETITEMS", b"\x90": "ADDITEMS"}


class Machine:
    """Runs one stream. `emit` is told every deed; `at` is the offset of the opcode at work.

    `value` is what the STOP gave back. `built` is told of every object whose state was set, and may
    move `at` over bytes that the object itself would read from the stream (joblib keeps arrays there).
    `taken`, where given, is told of everything that is put into a container, which keeps only the first of it.
    """

    def __init__(self, tape: Tape, start: int, budget: Budget, emit: Callable[[Event], None]) -> None:
        self.tape = tape
        self.at = self.start = start
        self.budget = budget
        self.emit = emit
        self.built: Callable[[Machine, Value], None] | None = None
        self.taken: Callable[[Value, list[Value]], None] | None = None
        self.protocol = 0
        self.stack: Stack = Stack()
        self.memo: Memo = Memo(tape, self.constant_at)
        self.filled: Value = None
        self.value: Value = None

    def run(self, *, skips: bool = False) -> int:
        """Go on to the STOP; the offset behind it.

        Raises `BrokenStreamError` where every loader stops early, and `LimitExceededError` when the
        stream asks for too much. `skips` reads arguments that leave their frame from behind it.
        """
        cursor = Cursor(self.tape, self.at, skips=skips)
        while True:
            if not skips:
                cursor.at = self._run_short(cursor.at)
            self.at = cursor.at
            code, start, end = cursor.step()
            end -= code in ONE_LINE
            if code == b".":
                self.value = self.stack.pop()
                self.at = cursor.at
                return self.at
            if code == FRAME and skips:
                cursor.enter_frame(int.from_bytes(self.tape.read(start, 8), "little"), self.at)
            elif code in CONSTANTS:
                self.stack.push(self._constant(code, start, end - start))
            else:
                ACTIONS[code](self, cursor.argument(code, start, end))
                if code == b"b" and self.built:
                    self.at = cursor.at
                    self.built(self, self.stack.top())
                    cursor.at = self.at
            self._check_limits()

    def constant_at(self, at: int) -> Value:
        """The plain value whose opcode stands at `at`."""
        code, start, end = Cursor(self.tape, at).step()
        end -= code in ONE_LINE
        return self._constant(code, start, end - start) if code in CONSTANTS else Unknown("a value")

    def _run_short(self, at: int) -> int:
        """Run opcodes with short arguments while they lie in the window; where that stopped."""
        index = self.tape.show(at)
        window, base = self.tape.window, self.tape.base
        safe = len(window) - REACH
        large = self.tape.size - self.start > LARGE and self.taken is None
        items = self.stack.items
        steps = 0
        while index < safe:
            code = window[index]
            if code in LONG:
                break
            steps += 1
            if code in SHORT:
                end = index + 2 + window[index + 1]
                items.append(CONSTANTS[window[index : index + 1]](window[index + 2 : end]))
            elif large and code == MARK and (end := _batch_end(window, index)):
                self.at = base + index
                self._pass_over(window[end - 1 : end], base + end)
            else:
                end = index + WIDTHS[code]
                word = window[index : index + 1]
                if constant := CONSTANTS.get(word):
                    items.append(constant(window[index + 1 : end]))
                elif act := ACTIONS.get(word):
                    self.at = base + index
                    act(self, window[index + 1 : end])
                else:
                    break
            index = end
            if not steps & 0xFFF:
                self._check_limits()
        return base + index

    def _pass_over(self, last: bytes, end: int) -> None:
        """Do at once what the batch up to `end` does: fill one container, or make one."""
        self.memo.defer(self.at, end)
        if last in MADE:
            self.stack.push(Box(MADE[last], whole=False))
        else:
            self.at = end - 1
            fill(self, self.stack.top(), [], FILLED[last], whole=False)

    def _constant(self, code: bytes, start: int, size: int) -> Value:
        if size > LONGEST_CONSTANT:
            return Stored("str" if code in STRINGS else "bytes", start, size)
        return CONSTANTS[code](self.tape.read(start, size))

    def _check_limits(self) -> None:
        self.budget.check_time()
        self.stack.check_depth()


def _batch_end(window: bytes, index: int) -> int:
    """Where the batch of plain values at `index` ends; 0 where there is none worth the trouble."""
    found = batch().match(window, index)
    return found.end() if found and found.end() - index >= WORTH_PASSING else 0
