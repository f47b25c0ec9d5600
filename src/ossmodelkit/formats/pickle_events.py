"""What a loader would do while it reads a pickle, one event for each deed."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.formats.pickle_values import Global, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Something is looked up by name; `found` is a `Global`, or unknown where the name is computed."""

    found: Value
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Something is called while loading.

    `opcode` tells how: REDUCE calls anything, NEWOBJ and OBJ make an instance of a class.
    `named` is False where the callable was not named by the stream but worked out.
    """

    function: Value
    args: Value
    offset: int
    opcode: str
    keywords: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """An object's state is set: `__setstate__` runs, or its attributes are overwritten."""

    target: Value
    state: Value
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Items are put into something that is no plain container: `append`, `extend`, `add`, `__setitem__` run."""

    target: Value
    offset: int
    opcode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """The loading program is asked for an object: a persistent id, an extension code or a buffer."""

    kind: str
    ident: Value
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """Constant bytes reach a loader: `size` bytes at `offset` of the stream, or `data` where worked out."""

    loader: Global
    offset: int
    size: int
    data: bytes | None = None


Event = Import | Call | Build | Fill | Supplied | Nested
