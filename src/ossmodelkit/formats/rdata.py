"""R's serialized objects (.rds, .rda): walked for promises, which R evaluates when they are touched.

Format: R Internals, section 1.8 "Serialization Formats"; type numbers from R's serialize.c. Only the
XDR form is walked; the native and ASCII forms are rare, and are said to be unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

SYMBOL, PAIRS, CLOSURE, ENVIRONMENT, PROMISE, CALL, CHARACTERS = 1, 2, 3, 4, 5, 6, 9
LOGICAL, INTEGER, DOUBLE, COMPLEX, TEXTS, DOTS, LIST, EXPRESSION = 10, 13, 14, 15, 16, 17, 19, 20
BYTECODE, POINTER, WEAK, RAW, S4 = 21, 22, 23, 24, 25
SPECIAL, BUILTIN = 7, 8
REFERENCE, NILVALUE, GLOBAL, UNBOUND, MISSING, BASE_NAMESPACE, NAMESPACE, PACKAGE, PERSIST = (
    255, 254, 253, 252, 251, 247, 249, 250, 248,
)  # fmt: skip
EMPTY_ENVIRONMENT, BASE_ENVIRONMENT, ATTR_LIST, ATTR_CALL, ALTREP = 242, 241, 239, 240, 238
LEAVES = {NILVALUE, GLOBAL, UNBOUND, MISSING, BASE_NAMESPACE, EMPTY_ENVIRONMENT, BASE_ENVIRONMENT}
DEEPEST = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class RData:
    """An R object, and the offsets of promises in it that nobody has evaluated yet."""

    at: Place
    promises: tuple[int, ...]
    byte_code: bool = False


def accepts(blob: Blob) -> bool:
    """The header of a serialized object, bare or after the header of a workspace."""
    head = blob.head(16)
    if head[:5] in (b"RDX2\n", b"RDX3\n"):
        return True
    return (head[:2] in (b"X\n", b"B\n") and b"\0" in head[:6]) or head[:4] in (b"A\n2\n", b"A\n3\n", b"RDA2", b"RDA3")


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `RData` view."""
    start = 5 if blob.head(3) == b"RDX" else 0
    if blob.slice(start, 2) != b"X\n":
        yield Gap(at=blob.at, reason="R data in a native or ASCII form, which is not read", remedy="save it as XDR")
        return
    walk = _Walk(Span(blob), budget, start + 2)
    version = walk.number()
    walk.at += 8
    if version == 3:
        walk.skip(walk.number())
    elif version != 2:
        raise UnreadableError(f"R serialization version {version}")
    try:
        walk.run()
    finally:
        if walk.promises:
            yield RData(at=blob.at, promises=tuple(walk.promises), byte_code=walk.byte_code)
    if not walk.promises:
        yield RData(at=blob.at, promises=(), byte_code=walk.byte_code)


class _Walk:
    """A walk with a stack of its own, as lists nest deeply. Mutable by nature."""

    def __init__(self, span: Span, budget: Budget, at: int) -> None:
        self.span = span
        self.budget = budget
        self.at = at
        self.promises: list[int] = []
        self.byte_code = False
        self.todo: list[str] = ["item"]

    def number(self) -> int:
        """The next signed 32-bit number."""
        (value,) = self.span.unpack(">i", self.at)
        self.at += 4
        return value

    def skip(self, count: int) -> None:
        """Step over bytes that must be there."""
        if count < 0 or self.at + count > self.span.size:
            raise UnreadableError(f"{count} bytes announced at byte {self.at}, more than the file holds")
        self.at += count

    def length(self) -> int:
        """A vector's length; long vectors use three numbers."""
        count = self.number()
        if count == -1:
            count = (self.number() << 32) | (self.number() & 0xFFFFFFFF)
        if count < 0 or count > self.span.size:
            raise UnreadableError(f"a vector of {count} entries at byte {self.at}")
        return count

    def run(self) -> None:
        """Read items until none is expected any more."""
        steps = 0
        while self.todo:
            steps += 1
            if steps % 4096 == 0:
                self.budget.check_time()
            if len(self.todo) > 5_000_000:
                raise UnreadableError("announces more objects than any model has")
            if self.todo.pop() == "item":
                self.item()

    def item(self) -> None:
        """One object: its flags, then what its type holds."""
        start = self.at
        flags = self.number()
        kind, has_attributes, has_tag = flags & 0xFF, flags & 0x200, flags & 0x400
        if kind in LEAVES:
            return
        if kind == REFERENCE:
            if flags >> 8 == 0:
                self.number()
        elif kind in (PAIRS, CLOSURE, PROMISE, CALL, DOTS, ATTR_LIST, ATTR_CALL):
            self.pairs(kind, start, bool(has_attributes), bool(has_tag))
        elif kind == ENVIRONMENT:
            self.number()
            self.expect(4)
        elif kind in (SYMBOL,):
            self.expect(1)
        elif kind in (NAMESPACE, PACKAGE, PERSIST):
            self.number()
            self.expect(self.length())
        else:
            self.vector(kind, bool(has_attributes))

    def expect(self, count: int) -> None:
        """That many items follow."""
        self.todo.extend(["item"] * count)

    def pairs(self, kind: int, start: int, has_attributes: bool, has_tag: bool) -> None:
        """Attributes, tag, first and rest; a promise is environment, value and expression."""
        self.expect(2 + has_attributes + has_tag)
        if kind == PROMISE and self._value_is_unbound(has_attributes, has_tag):
            self.promises.append(start)

    def _value_is_unbound(self, has_attributes: bool, has_tag: bool) -> bool:
        """Whether a promise has no value yet; where that is not plain to see, it is taken to have none."""
        if has_attributes:
            return True
        if has_tag:
            (flags,) = self.span.unpack(">i", self.at)
            if flags & 0xFF not in LEAVES:
                return True
            (value,) = self.span.unpack(">i", self.at + 4)
            return value & 0xFF == UNBOUND
        (value,) = self.span.unpack(">i", self.at)
        return value & 0xFF == UNBOUND

    def vector(self, kind: int, has_attributes: bool) -> None:
        """Vectors, byte code, pointers and S4 objects."""
        widths = {LOGICAL: 4, INTEGER: 4, DOUBLE: 8, COMPLEX: 16, RAW: 1, SPECIAL: 1, BUILTIN: 1}
        if kind == CHARACTERS:
            length = self.number()
            self.skip(max(0, length))
        elif kind in widths:
            self.skip(self.length() * widths[kind])
        elif kind in (TEXTS, LIST, EXPRESSION):
            self.expect(self.length())
        elif kind == POINTER:
            self.expect(2)
        elif kind == ALTREP:
            self.expect(3)
        elif kind == BYTECODE:
            self.byte_code = True
            raise UnreadableError("holds R byte code, which is not read", hint="save the model without functions")
        elif kind not in (WEAK, S4):
            raise UnreadableError(f"R type {kind} at byte {self.at - 4}")
        if has_attributes:
            self.expect(1)


READER = Reader(name="rdata", accepts=accepts, read=read)
