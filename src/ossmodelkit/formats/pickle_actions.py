"""What each opcode does to the stack, the memo and the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ossmodelkit.formats import pickle_resolve as resolving
from ossmodelkit.formats.pickle_bytes import bytes_of_state, loaded_bytes
from ossmodelkit.formats.pickle_constants import text
from ossmodelkit.formats.pickle_cursor import BrokenStreamError
from ossmodelkit.formats.pickle_events import Build, Call, Fill, Import, Nested, Supplied
from ossmodelkit.formats.pickle_memo import memo_key
from ossmodelkit.formats.pickle_values import Box, Foreign, Global, Result, Stored, Unknown, Value

if TYPE_CHECKING:
    from ossmodelkit.formats.pickle_machine import Machine

Action = Callable[["Machine", bytes], None]
OLD_NAMES_BEFORE = 3


# Containers


def _empty(kind: str) -> Action:
    return lambda m, _: m.stack.push(Box(kind))


def _from_mark(kind: str) -> Action:
    return lambda m, _: m.stack.push(Box(kind, m.stack.to_mark()))


def _tuple(m: Machine, _: bytes) -> None:
    m.stack.push(tuple(m.stack.to_mark()))


def _tuple_of(count: int) -> Action:
    return lambda m, _: m.stack.push(m.stack.take(count))


def _append(m: Machine, _: bytes) -> None:
    value = m.stack.pop()
    fill(m, m.stack.top(), [value], "APPEND")


def _set_item(m: Machine, _: bytes) -> None:
    pair = m.stack.take(2)
    fill(m, m.stack.top(), list(pair), "SETITEM")


def _from_mark_into(opcode: str) -> Action:
    def act(m: Machine, _: bytes) -> None:
        items = m.stack.to_mark()
        if items:
            fill(m, m.stack.top(), items, opcode)

    return act


def fill(m: Machine, target: Value, items: list[Value], opcode: str, *, whole: bool = True) -> None:
    """Put items into `target`: plain containers take them, for others their methods would run."""
    if m.taken:
        m.taken(target, items)
    if isinstance(target, Box):
        target.add(items)
        target.whole = target.whole and whole
    elif target is not m.filled:
        m.filled = target
        m.emit(Fill(target=target, offset=m.at, opcode=opcode))


# The memo


def _put(code: bytes) -> Action:
    def act(m: Machine, argument: bytes) -> None:
        key = memo_key(code, argument)
        if key < 0:
            raise BrokenStreamError(f"negative memo number at offset {m.at}")
        m.memo.put(key, m.stack.top())

    return act


def _get(code: bytes) -> Action:
    def act(m: Machine, argument: bytes) -> None:
        try:
            m.stack.push(m.memo.get(memo_key(code, argument)))
        except KeyError:
            raise BrokenStreamError(f"nothing is remembered under the number at offset {m.at}") from None

    return act


# Looking things up


def _protocol(m: Machine, argument: bytes) -> None:
    m.protocol = argument[0]


def _look_up(m: Machine, module: Value, name: Value) -> Value:
    if isinstance(module, str) and isinstance(name, str):
        if m.protocol < OLD_NAMES_BEFORE:
            module, name = resolving.renamed(module, name)
        found: Value = Global(module, name)
    else:
        found = Unknown("a computed name")
    m.emit(Import(found=found, offset=m.at))
    return found


def _two_lines(argument: bytes) -> tuple[str, str]:
    """Module and name. Loaders cut the last byte of a line unseen, also where the data just ends."""
    first, line_break, second = argument.partition(b"\n")
    return text(first if line_break else first[:-1]), text(second[:-1])


def _global(m: Machine, argument: bytes) -> None:
    m.stack.push(_look_up(m, *_two_lines(argument)))


def _stack_global(m: Machine, _: bytes) -> None:
    module, name = m.stack.take(2)
    m.stack.push(_look_up(m, module, name))


def _extension(m: Machine, argument: bytes) -> None:
    _supplied(m, "extension code", int.from_bytes(argument, "little"))


def _persistent_line(m: Machine, argument: bytes) -> None:
    _supplied(m, "persistent id", text(argument))


def _persistent(m: Machine, _: bytes) -> None:
    ident = m.stack.pop()
    if isinstance(ident, tuple) and len(ident) > 1 and ident[0] == "module" and isinstance(ident[1], Global):
        # Old torch files name a module's class this way, beside its source; the loader gives the class.
        m.stack.push(ident[1])
    else:
        _supplied(m, "persistent id", ident)


def _buffer(m: Machine, _: bytes) -> None:
    _supplied(m, "buffer", None)


def _supplied(m: Machine, kind: str, ident: Value) -> None:
    m.emit(Supplied(kind=kind, ident=ident, offset=m.at))
    m.stack.push(Foreign(kind, ident))


# Calling


def _reduce(m: Machine, _: bytes) -> None:
    function, args = m.stack.take(2)
    call(m, function, args, "REDUCE")


def _new(m: Machine, _: bytes) -> None:
    cls, args = m.stack.take(2)
    call(m, cls, args, "NEWOBJ")


def _new_keywords(m: Machine, _: bytes) -> None:
    cls, args, keywords = m.stack.take(3)
    call(m, cls, args, "NEWOBJ_EX", keywords)


def _object(m: Machine, _: bytes) -> None:
    items = m.stack.to_mark()
    if not items:
        raise BrokenStreamError(f"no class to make an object of at offset {m.at}")
    call(m, items[0], tuple(items[1:]), "OBJ")


def _instance(m: Machine, argument: bytes) -> None:
    cls = _look_up(m, *_two_lines(argument))
    call(m, cls, tuple(m.stack.to_mark()), "INST")


def call(m: Machine, function: Value, args: Value, opcode: str, keywords: Value = None) -> None:
    """Note the call, and push what it gives back as far as that can be told."""
    if opcode == "REDUCE":
        function, args, opcode = resolving.unwrapped(function, args)
    m.emit(Call(function=function, args=args, keywords=keywords, offset=m.at, opcode=opcode))
    if opcode.startswith("NEWOBJ"):
        m.stack.push(Result(function, args if isinstance(args, tuple) else (), made=True))
        return
    _note_nested(m, function, loaded_bytes(function, args))
    m.stack.push(resolving.result(function, args))


def _note_nested(m: Machine, function: Value, data: Value) -> None:
    if isinstance(data, Stored) and data.kind == "str":
        data = _written_as_text(m, data)
    if isinstance(data, Stored):
        m.emit(Nested(loader=function, offset=data.offset, size=data.size))
    elif isinstance(data, bytes):
        m.emit(Nested(loader=function, offset=m.at, size=len(data), data=data))


def _written_as_text(m: Machine, stored: Stored) -> bytes | None:
    """Bytes that protocol 2 wrote as text: each character is one of them."""
    m.budget.spend_bytes(3 * stored.size)
    try:
        return m.tape.read(stored.offset, stored.size).decode("utf-8", "surrogatepass").encode("latin-1")
    except ValueError:
        return None


def _build(m: Machine, _: bytes) -> None:
    state = m.stack.pop()
    target = m.stack.top()
    m.emit(Build(target=target, state=state, offset=m.at))
    if isinstance(target, Result):
        target.state = state
        _note_nested(m, target.callable, bytes_of_state(target, state))


ACTIONS: dict[bytes, Action] = {
    b"\x80": _protocol,
    b"\x95": lambda m, _: None,
    b"\x98": lambda m, _: None,
    b"\x97": _buffer,
    b"(": lambda m, _: m.stack.mark(),
    b"0": lambda m, _: m.stack.drop(),
    b"1": lambda m, _: m.stack.drop_to_mark(),
    b"2": lambda m, _: m.stack.push(m.stack.top()),
    b"]": _empty("list"),
    b"}": _empty("dict"),
    b"\x8f": _empty("set"),
    b"l": _from_mark("list"),
    b"d": _from_mark("dict"),
    b"\x91": _from_mark("frozenset"),
    b"t": _tuple,
    b"\x85": _tuple_of(1),
    b"\x86": _tuple_of(2),
    b"\x87": _tuple_of(3),
    b"a": _append,
    b"s": _set_item,
    b"e": _from_mark_into("APPENDS"),
    b"u": _from_mark_into("SETITEMS"),
    b"\x90": _from_mark_into("ADDITEMS"),
    b"q": _put(b"q"),
    b"r": _put(b"r"),
    b"p": _put(b"p"),
    b"\x94": lambda m, _: m.memo.memoize(m.stack.top()),
    b"h": _get(b"h"),
    b"j": _get(b"j"),
    b"g": _get(b"g"),
    b"c": _global,
    b"\x93": _stack_global,
    b"\x82": _extension,
    b"\x83": _extension,
    b"\x84": _extension,
    b"P": _persistent_line,
    b"Q": _persistent,
    b"R": _reduce,
    b"\x81": _new,
    b"\x92": _new_keywords,
    b"o": _object,
    b"i": _instance,
    b"b": _build,
}
