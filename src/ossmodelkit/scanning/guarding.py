"""Rules for names that a pickle may call only with arguments that are proven harmless.

Each rule gets the arguments as the machine knows them and says what is wrong, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from ossmodelkit.formats.pickle_bytes import bytes_in
from ossmodelkit.formats.pickle_values import Attribute, Box, Global, Result, Stored, Value, describe
from ossmodelkit.scanning.globals_table import Kind, Standing, standing

Args = tuple[Value, ...]
TEXT_CODECS = frozenset({"latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8"})
PLAIN_BASES = frozenset(
    {
        "object",
        "dict",
        "list",
        "tuple",
        "set",
        "frozenset",
        "int",
        "float",
        "str",
        "bytes",
        "complex",
        "bytearray",
        "bool",
    }
)
COMPUTE_ONLY = frozenset(
    {"scipy", "sklearn", "torch", "timm", "ultralytics", "numpy", "nltk", "statsmodels", "gpytorch"}
    | {"lifelines", "botorch"}
)
# Methods of texts, arrays and tables that give back another one and do nothing else.
PLAIN_METHODS = frozenset(
    {
        "lower",
        "upper",
        "strip",
        "lstrip",
        "rstrip",
        "title",
        "casefold",
        "split",
        "splitlines",
        "toarray",
        "todense",
        "tocsr",
    }
    | {
        "to_numpy",
        "tolist",
        "astype",
        "reshape",
        "ravel",
        "flatten",
        "squeeze",
        "copy",
        "round",
        "clip",
        "transpose",
        "abs",
    }
    | {"sum", "mean", "max", "min", "fillna", "dropna", "reset_index", "isna", "keys", "values", "items", "isoformat"}
)
PATTERNS = frozenset({"re._compile", "regex._regex_core.compile"})  # compiled patterns search, and nothing else
ARRAY_MAKERS = frozenset(
    {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.core._internal._reconstruct"}
)


def is_constant(value: Value, depth: int = 4) -> bool:
    """Whether a value consists of numbers, texts and containers alone."""
    if isinstance(value, (tuple, Box)):
        return depth > 0 and all(is_constant(one, depth - 1) for one in value)
    return value is None or isinstance(value, (str, bytes, int, float, Stored))


def is_known(value: Value) -> bool:
    """Whether a value is a name that may stand in a pickle, or was made from one."""
    if isinstance(value, Global):
        own_new = value.reached == "getattr" and value.name.endswith(".__new__")
        return bool(value.name) and (own_new or not value.reached) and standing(value.module, value.name).known
    if isinstance(value, Attribute):
        return value.name.isidentifier() and not value.name.startswith("__") and _holds_numbers(value.of)
    if isinstance(value, Result):
        return is_known(value.callable)
    return False


def _text_encoding(args: Args) -> str:
    right = len(args) == 2 and isinstance(args[0], (str, Stored)) and str(args[1]).lower() in TEXT_CODECS
    return "" if right else "encodes something else than text as latin-1"


def _reconstruct(args: Args) -> str:
    if not args or not is_known(args[0]):
        return "makes an instance of a class that is not known"
    base = args[1] if len(args) > 1 else None
    if isinstance(base, Global) and base.module == "builtins" and base.name not in PLAIN_BASES:
        return "rebuilds on a base that holds no plain value"
    if isinstance(base, Global) and base.module != "builtins" and not is_known(base):
        return "rebuilds on a class that is not known"
    return ""


def _attribute_of_class(args: Args) -> str:
    if len(args) < 2 or not isinstance(args[1], str):
        return "looks up a name that is worked out"
    of, name = args[0], args[1]
    wrong = f"looks up {name!r} in {describe(of)}"
    if name == "__new__" and isinstance(of, Global) and standing(of.module, f"{of.name}.__new__").known:
        return ""
    if not is_known(of) or not name.isidentifier() or name.startswith("__"):
        return wrong
    if isinstance(of, Global):
        kind = standing(of.module, of.name).kind
        return wrong if of.dotted or (kind is Kind.GUARD and not _is_enum(of)) else ""
    return "" if _holds_numbers(of) else wrong


def _holds_numbers(of: Value) -> bool:
    """Whether an object is of a class whose methods compute: a path or an open resource has others."""
    if not (isinstance(of, Result) and isinstance(of.callable, Global)):
        return False
    if of.callable.full in PATTERNS or not of.made:
        return of.callable.full in PATTERNS
    return of.callable.module.partition(".")[0] in COMPUTE_ONLY


def _is_enum(of: Global) -> bool:
    return standing(of.module, of.name).rule == "enum"


def _wraps_known(args: Args) -> str:
    """A guarded function is judged by what it is kept with, as nobody sees what it is called with later."""
    if not args or not is_known(args[0]):
        return "wraps something that is not known"
    of = args[0]
    known = standing(of.module, of.name) if isinstance(of, Global) else Standing(kind=Kind.VALUE)
    if known.kind is not Kind.GUARD or len(args) == 1:
        return ""
    return "keeps a loader with the bytes for it" if known.rule == "nested" else problem(known.rule, args[1:])


def _constants(args: Args) -> str:
    return "" if all(is_constant(one) for one in args) else "is handed more than constants"


def _plain_names(args: Args) -> str:
    right = all(isinstance(one, str) and all(p.isidentifier() and p[0] != "_" for p in one.split(".")) for one in args)
    return "" if right else "looks up a name that leads away from data"


def _plain_method(args: Args) -> str:
    name = args[0] if args else None
    right = isinstance(name, str) and name in PLAIN_METHODS and all(is_constant(one) for one in args[1:])
    return "" if right else "looks up a method that may do more than compute"


def _known_first(args: Args) -> str:
    right = not args or args[0] is None or is_known(args[0])
    return "" if right else f"is handed {describe(args[0])}, which is not known"


def _calls_known(args: Args) -> str:
    if (
        len(args) < 3
        or not isinstance(args[0], Global)
        or standing(args[0].module, args[0].name).kind is not Kind.INERT
    ):
        return "calls something that is not known"
    return "" if is_known(args[1]) else f"changes the class to {describe(args[1])}, which is not known"


def _nested(args: Args) -> str:
    right = len(args) == 1 and bytes_in(args[0]) is not None
    return "" if right else "loads from something else than bytes in the pickle"


def _stream_in_memory(args: Args) -> str:
    right = not args or (len(args) == 1 and bytes_in(args[0]) is not None)
    return "" if right else "is a stream over something else than bytes"


def _text_first(args: Args) -> str:
    return (
        "" if not args or all(isinstance(one, str) or is_known(one) for one in args) else "is handed something unknown"
    )


def _numpy_function(args: Args) -> str:
    if len(args) != 2 or not all(isinstance(one, str) for one in args):
        return "looks up a name that is worked out"
    return "" if standing(*args).kind in (Kind.VALUE, Kind.INERT) else f"looks up {args[0]}.{args[1]}"


def _enum(args: Args) -> str:
    one = args[0] if len(args) == 1 else ()
    right = is_constant(one) and one != ()
    right = right or (isinstance(one, Result) and isinstance(one.callable, Global) and _is_enum(one.callable))
    return "" if right else "is handed more than one constant"


def _one_constant(args: Args) -> str:
    right = len(args) == 1 and (args[0] is None or isinstance(args[0], (str, bytes, int, float)))
    return "" if right else "is handed more than one constant"


def _container(args: Args) -> str:
    right = len(args) == 1 and isinstance(args[0], (Box, tuple, str, bytes))
    return "" if right else "walks over something else than a list"


def _typing_mark(args: Args) -> str:
    mark = args[0] if len(args) == 2 else None
    if not (isinstance(mark, Global) and mark.module == "typing" and is_known(mark)):
        return "looks something up in what is no mark of typing"
    return "" if _only_types(args[1]) else "is handed something else than types"


def _only_types(value: Value, depth: int = 4) -> bool:
    if isinstance(value, (tuple, Box)):
        return depth > 0 and all(_only_types(one, depth - 1) for one in value)
    return is_known(value) or is_constant(value)


def _union(args: Args) -> str:
    joins = len(args) == 2 and isinstance(args[0], Global) and args[0].full in ("_operator.or_", "operator.or_")
    return "" if joins and isinstance(args[1], tuple) and _only_types(args[1]) else "calls what it is handed"


def _plain_type(args: Args) -> str:
    return "" if len(args) == 1 and args[0] in PLAIN_BASES | {"NoneType", "slice", "range"} else "brings a type of code"


def _makes_array(args: Args) -> str:
    maker = args[0] if len(args) > 1 else None
    if not (isinstance(maker, Global) and maker.full in ARRAY_MAKERS and isinstance(args[1], tuple)):
        return "calls something else than numpy's own function"
    return "" if args[1] and is_known(args[1][0]) else "makes an array of a class that is not known"


def _without_arguments(args: Args) -> str:
    return "" if not args else "its constructor runs with these arguments"


RULES: dict[str, Callable[[Args], str]] = {
    "text-encoding": _text_encoding,
    "reconstruct": _reconstruct,
    "attribute-of-class": _attribute_of_class,
    "wraps-known": _wraps_known,
    "constants": _constants,
    "plain-names": _plain_names,
    "plain-method": _plain_method,
    "known-first": _known_first,
    "calls-known": _calls_known,
    "nested": _nested,
    "text-first": _text_first,
    "numpy-function": _numpy_function,
    "enum": _enum,
    "distribution": _constants,
    "file-beside": lambda args: "",
    "formula": _without_arguments,
    "one-constant": _one_constant,
    "container": _container,
    "typing-mark": _typing_mark,
    "union": _union,
    "plain-type": _plain_type,
    "makes-array": _makes_array,
    "stream-in-memory": _stream_in_memory,
    "file-in-state": _without_arguments,
    "nothing-cached": _without_arguments,
    "nested-second": lambda args: _nested(args[1:2]),
    "nested-fifth": lambda args: _nested(args[4:5]),
}


def problem(rule: str, args: Value) -> str:
    """What is wrong with calling a guarded name with `args`; empty where nothing is."""
    if not isinstance(args, tuple):
        return "is handed arguments that cannot be told"
    return RULES[rule](args)
