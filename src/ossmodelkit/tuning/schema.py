"""The JSON schema of a plan, made from its shapes, so that editors can complete and check it."""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from ossmodelkit.core.plan import Plan
from ossmodelkit.foundation.wire import to_wire, type_hints

SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean"}


def plan_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a fine-tuning plan."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "kit finetune plan", **_shape(Plan)}


def _shape(shape: Any) -> dict[str, Any]:
    hints = type_hints(shape)
    fields = dataclasses.fields(shape)
    properties = {field.name: {**_kind(hints[field.name]), **_default(field)} for field in fields}
    required = [f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]
    found = {"type": "object", "description": inspect.getdoc(shape), "properties": properties}
    return {**found, "required": required, "additionalProperties": False}


def _default(field: dataclasses.Field[Any]) -> dict[str, Any]:
    if field.default is dataclasses.MISSING or field.default is None:
        return {}
    return {"default": to_wire(field.default)}


def _kind(hint: Any) -> dict[str, Any]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        options = [_kind(option) for option in get_args(hint) if option is not type(None)]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    if origin is tuple:
        return {"type": "array", "items": _kind(get_args(hint)[0])}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object"}
    if dataclasses.is_dataclass(hint):
        return _shape(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    return {"type": SIMPLE[hint]}
