"""Between our frozen dataclasses and plain JSON, TOML or YAML values.

Reading is strict by default: an unknown key is refused with the nearest known one, because a
misspelt rule must not become a weaker rule. Evidence is read leniently, so that a newer
record stays readable to an older kit.
"""

from __future__ import annotations

import dataclasses
import difflib
import reprlib
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ossmodelkit.foundation.errors import UsageError

type_hints = cache(get_type_hints)
Shape = TypeVar("Shape")


def to_wire(value: object) -> Any:
    """The JSON form of a shape: dataclass → dict, tuple → list, enum → its value, date → ISO text.

    Fields whose value is None are left out.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: to_wire(item) for name, item in pairs if item is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_wire(item) for item in value]
    return value


def from_wire(shape: type[Shape], data: object, *, where: str = "", strict: bool = True) -> Shape:
    """Build `shape` from plain values.

    `where` names the file for messages. Raises `UsageError` with the place of the first
    value that does not fit; with `strict`, also for a key the shape does not know.
    """
    built: Shape = _read(shape, data, where, strict)
    return built


def _read(wanted: Any, data: Any, where: str, strict: bool) -> Any:
    origin = get_origin(wanted)
    if wanted is Any or wanted is object:
        return data
    if origin in (Union, types.UnionType):
        return _read_union(get_args(wanted), data, where, strict)
    if origin is Literal:
        return _one_of(get_args(wanted), data, where)
    if origin in (tuple, list):
        return tuple(_read_items(get_args(wanted), data, where, strict))
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(get_args(wanted)[1], data, where, strict)
    if dataclasses.is_dataclass(wanted):
        return _read_shape(wanted, data, where, strict)
    return _read_scalar(wanted, data, where)


def _read_union(options: tuple[Any, ...], data: Any, where: str, strict: bool) -> Any:
    if data is None and type(None) in options:
        return None
    rest = [option for option in options if option is not type(None)]
    for option in rest[:-1]:
        try:
            return _read(option, data, where, strict)
        except UsageError:
            continue
    return _read(rest[-1], data, where, strict)


def _read_items(inner: tuple[Any, ...], data: Any, where: str, strict: bool) -> list[Any]:
    if not isinstance(data, (list, tuple)):
        raise _misfit(where, "a list", data)
    if len(inner) == 2 and inner[1] is Ellipsis:
        inner = (inner[0],) * len(data)
    if len(inner) != len(data):
        raise _misfit(where, f"{len(inner)} values", data)
    return [_read(kind, item, f"{where}[{i}]", strict) for i, (kind, item) in enumerate(zip(inner, data, strict=True))]


def _read_mapping(inner: Any, data: Any, where: str, strict: bool) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise _misfit(where, "a table", data)
    return {str(key): _read(inner, item, f"{where}.{key}", strict) for key, item in data.items()}


def _read_shape(wanted: Any, data: Any, where: str, strict: bool) -> Any:
    if not isinstance(data, Mapping):
        raise _misfit(where, "a table", data)
    fields = {field.name: field for field in dataclasses.fields(wanted) if field.init}
    hints = type_hints(wanted)
    values: dict[str, Any] = {}
    for key, item in data.items():
        name = str(key).replace("-", "_")
        if name in values:
            raise UsageError(f"{where or wanted.__name__}: {key!r} stands twice", hint="keep one of them")
        if name in fields:
            values[name] = _read(hints[name], item, f"{where}.{key}" if where else str(key), strict)
        elif strict:
            raise UsageError(f"{where or wanted.__name__}: unknown field {key!r}", hint=did_you_mean(str(key), fields))
    absent = [n for n, f in fields.items() if n not in values and _is_required(f)]
    if absent:
        raise UsageError(f"{where or wanted.__name__}: field {absent[0]!r} is missing", hint="add it")
    try:
        return wanted(**values)
    except ValueError as error:
        raise UsageError(f"{where or wanted.__name__}: {error}") from error


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _read_scalar(wanted: Any, data: Any, where: str) -> Any:
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        try:
            return wanted(data)
        except ValueError:
            return _one_of(tuple(member.value for member in wanted), data, where)
    if wanted is datetime or wanted is date:
        return _read_date(wanted, data, where)
    if wanted is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if wanted in (int, float) and isinstance(data, bool):
        raise _misfit(where, "a number", data)
    if wanted is type(None) and data is None:
        return None
    if not isinstance(data, wanted):
        raise _misfit(where, NAMES.get(wanted, getattr(wanted, "__name__", str(wanted))), data)
    return data


def _read_date(wanted: Any, data: Any, where: str) -> Any:
    if isinstance(data, wanted) and isinstance(data, datetime) == (wanted is datetime):
        return data
    if isinstance(data, str):
        try:
            return wanted.fromisoformat(data)
        except ValueError:
            pass
    raise _misfit(where, "a date like 2026-01-31", data)


def _one_of(options: tuple[Any, ...], data: Any, where: str) -> Any:
    if data in options:
        return data
    known = ", ".join(str(option) for option in options)
    raise UsageError(
        f"{where}: {_short(data)} is not one of {known}", hint=did_you_mean(_short(data).strip("'"), map(str, options))
    )


def did_you_mean(word: str, known: Any) -> str:
    """A remedy that names the nearest known word, or all of them."""
    names = sorted(str(name) for name in known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(names)


SHOWN = reprlib.Repr()
SHOWN.maxlevel, SHOWN.maxstring, SHOWN.maxlong = 2, 80, 80
NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _misfit(where: str, wanted: str, data: object) -> UsageError:
    return UsageError(f"{where}: wanted {wanted}, got {_short(data)}")


def _short(data: object) -> str:
    """A value as a message shows it. Never `repr`: a few aliases of YAML unfold to gigabytes."""
    text = SHOWN.repr(data)
    return text if len(text) <= 60 else text[:57] + "..."
