"""Working out what an indirection reaches: getattr chains, import_module, partial, joined strings.

Nothing is called. What cannot be told from the stream stays a `Result`, and calling one of those is
a finding of its own.
"""

from __future__ import annotations

import base64
import binascii
import codecs
from collections.abc import Callable
from functools import cache

from ossmodelkit.formats.pickle_values import Attribute, Box, Global, Result, Unknown, Value

LONGEST = 1 << 20
LONGEST_JOINED = 4096
HANDS_ON = 8

RECONSTRUCTORS = frozenset({"copyreg._reconstructor", "copyreg.__newobj__", "copyreg.__newobj_ex__"})
ATTRIBUTE = frozenset({"builtins.getattr", "inspect.getattr_static", "_operator.getattr"})
MODULE = frozenset({"importlib.import_module", "importlib.__import__", "builtins.__import__", "imp.load_module"})
NAMED = frozenset({"pkgutil.resolve_name", "pydoc.locate", "_pytest.monkeypatch.resolve", "unittest.mock._importer"})


def renamed(module: str, name: str) -> tuple[str, str]:
    """What a name of Python 2 stands for in a stream of protocol 0 to 2."""
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[(module, name)]
    return IMPORT_MAPPING.get(module, module), name


def unwrapped(function: Value, args: Value) -> tuple[Value, Value, str]:
    """The call behind a call, and its opcode: of a partial, a bound method, a methodcaller, `object.__call__`."""
    for _ in range(HANDS_ON):
        if not isinstance(args, tuple):
            break
        if isinstance(function, Result) and (behind := _behind(function, args)):
            function, args = behind
        elif isinstance(function, Global) and function.name.endswith(".__call__"):
            function = Global(function.module, function.name.removesuffix(".__call__"), "__call__")
        elif isinstance(function, Global) and _is_own_new(function, args):
            # Protocol 2 writes NEWOBJ_EX as partial(A.__new__, A, …).
            return args[0], args[1:], "NEWOBJ"
        elif isinstance(function, Global) and function.full in ("_operator.call", "operator.call") and args:
            function, args = args[0], args[1:]
        else:
            break
    return function, args, "REDUCE"


def _is_own_new(function: Global, args: tuple[Value, ...]) -> bool:
    return bool(args) and isinstance(args[0], Global) and function.full == f"{args[0].full}.__new__"


def _behind(function: Result, args: tuple[Value, ...]) -> tuple[Value, Value] | None:
    match function.callable:
        case Global(module="functools" | "_functools", name="partial") if function.args:
            first, *rest = _set_later(function.state) or function.args
            return first, (*rest, *args)
        case Global(module="operator" | "_operator", name="methodcaller") if function.args and args:
            found = attribute(args[0], function.args[0])
            return (found, function.args[1:]) if found is not None else None
        case _:
            return None


def _set_later(state: Value) -> tuple[Value, ...]:
    """The function and arguments of a partial out of its state, which is how Python writes them."""
    if isinstance(state, tuple) and len(state) == 4 and isinstance(state[1], tuple):
        return (state[0], *state[1])
    return ()


def attribute(of: Value, name: Value) -> Value | None:
    """`of.name`, where the name is a constant."""
    if not isinstance(name, str):
        return None
    if isinstance(of, Global):
        return Global(of.module, f"{of.name}.{name}" if of.name else name, "getattr")
    return Attribute(of, name)


def module(name: Value) -> Value:
    """The module called `name`."""
    return Global(name, "", "import") if isinstance(name, str) else Unknown("a computed module")


def by_path(path: Value) -> Value:
    """What `package.module:name.attribute` or `package.module.name` stands for."""
    if not isinstance(path, str):
        return Unknown("a computed name")
    first, colon, rest = path.partition(":")
    if not colon:
        first, _, rest = path.rpartition(".")
    return Global(first, rest, "name") if first else Global(path, "", "name")


def result(function: Value, args: Value) -> Value:
    """What a call gives back, worked out where it is plain to see."""
    kept = args if isinstance(args, tuple) else ()
    if isinstance(function, Result) and kept:
        found = _of_getter(function, kept)
        return found if found is not None else Result(function, kept)
    if isinstance(function, Attribute) and kept is not None:
        value = _method(function.of, function.name, kept)
        return Result(function, kept) if value is None else value
    if not isinstance(function, Global) or not isinstance(args, tuple):
        return Result(function, kept)
    if function.full in ATTRIBUTE and len(kept) >= 2:
        found = attribute(*kept[:2])
        return Result(function, kept) if found is None else found
    if function.full in MODULE and kept:
        return module(kept[0])
    if function.full in NAMED and kept:
        return by_path(kept[0])
    if function.full in RECONSTRUCTORS and kept:
        return Result(kept[0], kept[1:], made=True)
    value = _computed(function, kept)
    return Result(function, kept) if value is None else value


def _of_getter(function: Result, args: tuple[Value, ...]) -> Value | None:
    """What an attrgetter or itemgetter brings."""
    if not isinstance(function.callable, Global) or len(function.args) != 1:
        return None
    wanted = function.args[0]
    if function.callable.name == "attrgetter" and isinstance(wanted, str):
        return attribute(args[0], wanted)
    if function.callable.name == "itemgetter":
        return _item(args[0], wanted)
    return None


def _item(of: Value, key: Value) -> Value | None:
    if isinstance(of, Global) and isinstance(key, str):
        # A module's or function's own dictionary: what stands there is what getattr would find.
        last = of.name.rpartition(".")[2]
        if last in ("__dict__", "__globals__", "__builtins__"):
            return Global("builtins" if last == "__builtins__" else of.module, key, "item")
        if of.full == "sys.modules":
            return Global(key, "", "item")
    if isinstance(of, (tuple, Box)) and isinstance(key, int) and -len(of) <= key < len(of):
        return of[key]
    return None


@cache
def _text_functions() -> dict[str, Callable[..., Value]]:
    """Functions over constants whose outcome is safe and cheap to work out."""
    return {
        "_operator.add": lambda a, b: a + b,
        "_operator.concat": lambda a, b: a + b,
        "_operator.getitem": lambda a, b: a[b],
        "_codecs.encode": codecs.encode,
        "_codecs.decode": codecs.decode,
        "base64.b64decode": base64.b64decode,
        "base64.b32decode": base64.b32decode,
        "base64.b85decode": base64.b85decode,
        "binascii.unhexlify": binascii.unhexlify,
        "binascii.a2b_hex": binascii.unhexlify,
        "binascii.a2b_base64": binascii.a2b_base64,
        "builtins.str": str,
        "builtins.bytes": lambda *a: bytes(*a) if a and not isinstance(a[0], int) else None,
        "builtins.bytearray": lambda *a: bytes(*a) if a and not isinstance(a[0], int) else None,
        "builtins.chr": chr,
        "builtins.bytes.fromhex": bytes.fromhex,
        "builtins.bytearray.fromhex": bytes.fromhex,
        "builtins.str.join": lambda a, b: a.join(b),
        "builtins.bytes.join": lambda a, b: a.join(b),
        "builtins.str.__add__": lambda a, b: a + b,
        "builtins.str.lower": str.lower,
        "builtins.str.strip": str.strip,
        "builtins.str.replace": str.replace,
        "builtins.str.encode": str.encode,
        "builtins.bytes.decode": bytes.decode,
    }


SAFE_CODECS = frozenset(
    {"latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8", "utf-16", "hex", "rot13", "rot_13", "base64"}
    | {"hex_codec", "base64_codec", "utf-32", "raw_unicode_escape", "unicode_escape"}
)


def _computed(function: Global, args: tuple[Value, ...]) -> Value | None:
    full = function.full
    if full == "_operator.getitem" or function.name.endswith(("dict.get", "dict.__getitem__")):
        return _item(*args[:2]) if len(args) >= 2 else None
    full = {"operator": "_operator", "codecs": "_codecs"}.get(function.module, function.module) + "." + function.name
    compute = _text_functions().get(full)
    if compute is None:
        return None
    if full.startswith("_codecs.") and len(args) > 1 and str(args[1]).lower() not in SAFE_CODECS:
        return None
    return _compute(compute, args)


def _method(of: Value, name: str, args: tuple[Value, ...]) -> Value | None:
    if isinstance(of, (str, bytes)):
        compute = _text_functions().get(f"builtins.{type(of).__name__}.{name}")
        return _compute(compute, (of, *args)) if compute else None
    if name in ("get", "__getitem__") and args:
        return _item(of, args[0])
    return None


def _compute(compute: Callable[..., Value], args: tuple[Value, ...]) -> Value | None:
    plain = [list(one) if isinstance(one, Box) else one for one in args]
    if sum(map(_weight, plain)) > (LONGEST if len(plain) == 1 else LONGEST_JOINED):
        return None
    try:
        value = compute(*plain)
    except Exception:
        return None
    return value if isinstance(value, (str, bytes, int)) else None


def _weight(value: Value) -> int:
    """The length of a constant; far too much for anything that is none."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, (list, tuple)) and len(value) < LONGEST_JOINED:
        return 1 + sum(map(_weight, value))
    return 1 if isinstance(value, int) else LONGEST + 1
