"""A walk over one serialized R object: where its promises are, and what their expressions name.

R's serialize.c: `ReadItem`, `ReadBC1`, `ReadBCConsts`, `ReadBCLang`. Type numbers are R's own.
"""

from __future__ import annotations

import tomllib
from functools import cache
from typing import NamedTuple

from ossmodelkit.formats.rdata_input import COMPLEX_BYTES, Input
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget
from ossmodelkit.foundation.resources import config

SYMBOL, PAIRS, CLOSURE, ENVIRONMENT, PROMISE, CALL, CHARACTERS = 1, 2, 3, 4, 5, 6, 9
LOGICAL, INTEGER, DOUBLE, COMPLEX, TEXTS, DOTS, LIST, EXPRESSION = 10, 13, 14, 15, 16, 17, 19, 20
BYTECODE, POINTER, WEAK, RAW, S4 = 21, 22, 23, 24, 25
SPECIAL, BUILTIN = 7, 8
REFERENCE, NILVALUE, GLOBAL, UNBOUND, MISSING, BASE_NAMESPACE, NAMESPACE, PACKAGE, PERSIST = (
    255, 254, 253, 252, 251, 247, 249, 250, 248,
)  # fmt: skip
DEFINED_AGAIN, SEEN_BEFORE = 244, 243  # parts of byte code that occur more than once
EMPTY_ENVIRONMENT, BASE_ENVIRONMENT, ATTR_LIST, ATTR_CALL, ALTREP = 242, 241, 239, 240, 238
LEAVES = {NILVALUE, GLOBAL, UNBOUND, MISSING, BASE_NAMESPACE, EMPTY_ENVIRONMENT, BASE_ENVIRONMENT}
LINKED = {PAIRS, CLOSURE, PROMISE, CALL, DOTS, ATTR_LIST, ATTR_CALL}
WIDTHS = {LOGICAL: 4, INTEGER: 4, DOUBLE: 8, COMPLEX: COMPLEX_BYTES, RAW: 1}
HOOKS = frozenset({".First", ".Last"})  # R calls what a workspace binds to these when it starts and ends
MOST_WAITING = 5_000_000


@cache
def sinks() -> frozenset[str]:
    """Functions of R that act."""
    return frozenset(tomllib.loads(config("scan/r.toml").read_text(encoding="utf-8"))["sinks"])


class Task(NamedTuple):
    """Something that is still to be read: what, where it stands, and the promise it belongs to.

    `place` tells bindings of an environment, and the function of a call, from everything else; `owner`
    is the offset of the promise whose expression this is part of, or -1.
    """

    what: str
    place: str = ""
    owner: int = -1


class Walk:
    """A walk with a stack of its own, as lists nest deeply. Mutable by nature."""

    def __init__(self, span: Span, budget: Budget, source: Input) -> None:
        self.size = span.size
        self.budget = budget
        self.source = source
        self.promises: set[int] = set()
        self.settled: set[int] = set()
        self.calls: dict[str, int] = {}
        self.names: list[str] = []
        self.todo: list[Task] = [Task("item")]

    def length(self) -> int:
        """A vector's length; long vectors use three numbers."""
        count = self.source.number()
        if count == -1:
            count = (self.source.number() << 32) | (self.source.number() & 0xFFFFFFFF)
        if not 0 <= count <= self.size:
            raise UnreadableError(f"a vector of {count} entries at byte {self.source.at}")
        return count

    def run(self) -> None:
        """Read until nothing is expected any more."""
        steps = 0
        while self.todo:
            steps += 1
            if steps % 4096 == 0:
                self.budget.check_time()
            if len(self.todo) > MOST_WAITING:
                raise UnreadableError("announces more objects than any model has")
            task = self.todo.pop()
            if task.what in ("item", "value"):
                self.item(task)
            elif task.what == "constants":
                self.constants(task)
            else:
                self.code_part(task)

    def expect(self, *tasks: Task) -> None:
        """Put what follows on the stack, the first to be read on top."""
        self.todo.extend(reversed(tasks))

    def item(self, task: Task) -> None:
        """One object: its flags, then what its type holds."""
        start = self.source.at
        flags = self.source.number()
        kind, has_attributes, has_tag = flags & 0xFF, bool(flags & 0x200), bool(flags & 0x400)
        if task.what == "value":
            self.promise(task, waits=kind == UNBOUND)
            task = Task("item")
        if kind in LEAVES:
            return
        part = Task("item", owner=task.owner)
        if kind == REFERENCE:
            index = flags >> 8 or self.source.number()
            self.named(self.names[index - 1] if 0 < index <= len(self.names) else "", task)
        elif kind in LINKED:
            self.linked(kind, start, has_attributes or kind in (ATTR_LIST, ATTR_CALL), has_tag, task)
        elif kind == ENVIRONMENT:
            self.names.append("")
            self.source.number()
            self.expect(part, part._replace(place="frame"), part._replace(place="table"), part)
        elif kind == SYMBOL:
            self.symbol(task)
        elif kind in (NAMESPACE, PACKAGE, PERSIST):
            self.names.append("")
            self.source.number()
            self.expect(*[part] * self.length())
        else:
            self.vector(kind, part, has_attributes, task.place)

    def linked(self, kind: int, start: int, has_attributes: bool, has_tag: bool, task: Task) -> None:
        """Attributes, tag, first and rest; a promise is environment, value and expression."""
        part = Task("item", owner=task.owner)
        called = part._replace(place="called")
        before = [part] * (has_attributes + has_tag)
        if kind == PROMISE and task.place == "binding":
            # Bound in an environment it runs when somebody uses the name, as a function does when called.
            self.expect(*before, Task("value", place="binding", owner=start), part._replace(owner=start))
        elif kind == PROMISE:
            self.expect(*before, Task("value", owner=start), part)
        elif kind == PAIRS and task.place == "frame":
            self.expect(*before, part._replace(place="binding"), part._replace(place="frame"))
        elif kind in (CALL, ATTR_CALL) or task.place == "called":
            # A function may be called as `base::system`, which is a call itself.
            self.expect(*before, called, called if task.place == "called" else part)
        else:
            self.expect(*before, part, part)

    def promise(self, task: Task, *, waits: bool) -> None:
        """Note that a promise has a value already, or that it has none where that is enough to run it."""
        if waits and task.place != "binding":
            self.promises.add(task.owner)
        elif not waits:
            self.settled.add(task.owner)

    def symbol(self, task: Task) -> None:
        """A name, which later places refer to by its number."""
        flags = self.source.number()
        if flags & 0xFF != CHARACTERS:
            raise UnreadableError(f"a symbol without a name at byte {self.source.at}")
        name = self.source.text(self.source.number())
        self.names.append(name)
        self.named(name, task)

    def named(self, name: str, task: Task) -> None:
        """Note what the expression of a promise names, and what is called anywhere."""
        owner = task.owner
        if task.place == "called" or name in HOOKS:
            self.calls.setdefault(name, self.source.at)
        if owner >= 0 and owner not in self.settled and name in sinks():
            self.promises.add(owner)

    def vector(self, kind: int, part: Task, has_attributes: bool, place: str) -> None:
        """Vectors, byte code, pointers and S4 objects."""
        if has_attributes:
            self.expect(part._replace(owner=-1))
        if kind in (CHARACTERS, SPECIAL, BUILTIN):
            self.named(self.source.text(self.source.number()), part)
        elif kind in WIDTHS:
            self.source.values(self.length(), WIDTHS[kind])
        elif kind in (TEXTS, LIST, EXPRESSION):
            inner = part._replace(place="frame") if place == "table" else part
            self.todo.extend([inner] * self.length())
        elif kind == POINTER:
            self.names.append("")
            self.expect(part, part)
        elif kind == WEAK:
            self.names.append("")
        elif kind == ALTREP:
            self.expect(part, part, part)
        elif kind == BYTECODE:
            self.source.number()  # how many parts occur more than once
            self.expect(part, part._replace(what="constants"))
        elif kind != S4:
            raise UnreadableError(f"R type {kind} at byte {self.source.at}")

    def constants(self, task: Task) -> None:
        """The constants of a byte code: each has its type in front, and expressions a form of their own."""
        count = self.source.number()
        if not 0 <= count <= self.size:
            raise UnreadableError(f"byte code of {count} constants")
        if count:
            self.expect(task._replace(what="constant"), *[task._replace(what="constant")] * (count - 1))

    def code_part(self, task: Task) -> None:
        """A constant, or a part of an expression: pairs without flags of their own."""
        kind = self.source.number()
        item = task._replace(what="item")
        if kind == BYTECODE and task.what == "constant":
            self.expect(item, task._replace(what="constants"))
            return
        if kind == SEEN_BEFORE:
            self.source.number()
            return
        if kind == DEFINED_AGAIN:
            self.source.number()
            kind = self.source.number()
        if kind in (CALL, PAIRS, ATTR_CALL, ATTR_LIST):
            rest = task._replace(what="part", place="called" if task.place == "called" else "")
            first = rest._replace(place="called") if kind in (CALL, ATTR_CALL) else rest
            plain = item._replace(place="")
            self.expect(*[plain] * (kind in (ATTR_CALL, ATTR_LIST)), plain, first, rest)
        else:
            self.expect(item)
