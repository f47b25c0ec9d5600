"""What a pickle has on its stack, known without making any of it.

Numbers, short strings, None and tuples stand for themselves. Everything that a loader would look up
or call is one of the shapes below; nothing here refers to the real object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Value = Any
MOST_ITEMS = 256
LONGEST_TEXT = 120


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A long string or bytes value, left where it lies: `size` bytes at `offset` of the stream."""

    kind: str
    offset: int
    size: int


class Box(list[Value]):
    """A list, dict (keys and values in turn), set or frozenset; `whole` is False where items were left out."""

    __slots__ = ("kind", "whole")

    def __init__(self, kind: str, items: list[Value] | tuple[Value, ...] = (), *, whole: bool = True) -> None:
        super().__init__(items[:MOST_ITEMS])
        self.kind = kind
        self.whole = whole and len(items) <= MOST_ITEMS

    def add(self, items: list[Value]) -> None:
        """Put more in, up to a bound."""
        room = MOST_ITEMS - len(self)
        self.extend(items[:room])
        self.whole = self.whole and len(items) <= room


@dataclass(frozen=True, slots=True, eq=False)
class Global:
    """`module.name` as a loader finds it; without a name, the module itself.

    `reached` tells how, where it was not simply named: through getattr, import_module, …
    """

    module: str
    name: str
    reached: str = ""

    @property
    def full(self) -> str:
        """`module.name`."""
        return f"{self.module}.{self.name}" if self.name else self.module

    @property
    def dotted(self) -> bool:
        """Whether the name leads through attributes of what the module holds."""
        return "." in self.name


@dataclass(slots=True, eq=False)
class Result:
    """What a call gives back. `made` says that it is an instance of the class `callable`.

    `args` and `state` hold what it was made with, where that is known.
    """

    callable: Value
    args: tuple[Value, ...] = ()
    made: bool = False
    state: Value = None


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """An attribute of something that is not a global."""

    of: Value
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """An object that the loading program supplies: a persistent id, an extension code, a buffer."""

    kind: str
    ident: Value = None


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """Something that cannot be told from the stream alone."""

    why: str


def describe(value: Value, depth: int = 2) -> str:
    """A short text for people. Strings come out of the model: reporting escapes them."""
    if isinstance(value, Global):
        return value.full
    if isinstance(value, Result):
        return f"{describe(value.callable, depth - 1)}(…)"
    if isinstance(value, Attribute):
        return f"{describe(value.of, depth - 1)}.{value.name}"
    if isinstance(value, Stored):
        return f"{value.kind} of {value.size} bytes"
    if isinstance(value, Foreign):
        return value.kind
    if isinstance(value, Unknown):
        return f"<{value.why}>"
    if isinstance(value, (tuple, Box)):
        return _describe_items(value, depth)
    if isinstance(value, int) and value.bit_length() > 200:
        return "a very large number"
    text = repr(value)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def _describe_items(value: tuple[Value, ...] | Box, depth: int) -> str:
    kind = value.kind if isinstance(value, Box) else "tuple"
    if depth <= 0:
        return f"a {kind} of {len(value)}"
    shown = ", ".join(describe(one, depth - 1) for one in value[:4]) + (", …" if len(value) > 4 else "")
    return f"({shown})" if kind == "tuple" else f"{kind}[{shown}]"


def describe_call(args: Value) -> str:
    """The arguments of a call, as they would be written."""
    if isinstance(args, tuple):
        shown = ", ".join(describe(one) for one in args[:6]) + (", …" if len(args) > 6 else "")
        return shown[: 2 * LONGEST_TEXT]
    return f"*{describe(args)}"
