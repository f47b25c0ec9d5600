"""Which format a row is written in, and its turns, whatever the format.

The formats are data: `configs/data/shapes.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ossmodelkit.curating import chatml
from ossmodelkit.curating.example import Example, Turn
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean, from_wire

UNKNOWN = "unknown"
TRAINED_ON = frozenset({"messages", "prompt-completion", "labeled", "source-target", "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One format: the fields it needs and what they hold.

    Of a tuple of names the first that the row has counts; of `more`, which stands below the prompt, every one.
    """

    name: str
    needs: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    history: str = ""
    prompt: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    completion: tuple[str, ...] = ()
    label: str = ""
    plain: str = ""
    marker: str = ""

    def fits(self, value: Mapping[str, Any]) -> bool:
        """Whether the row has every field that this format cannot do without."""
        if self.turns:
            return any(isinstance(value.get(name), list) for name in self.turns)
        if self.label and self.label not in value:
            return False
        for names in (self.prompt, self.completion):
            if names and first_of(names, value) not in value:
                return False
        return all(name in value for name in self.needs) and self.marker in _text(value.get(self.plain))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """All formats, what roles mean in them, and the markers of chat templates."""

    shape: tuple[Shape, ...]
    roles: Mapping[str, str]
    templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def shipped() -> Shapes:
    """The formats of `configs/data/shapes.toml`."""
    path = resources.config("data", "shapes.toml")
    return from_wire(Shapes, tomllib.loads(path.read_text(encoding="utf-8")), where=str(path))


def named(name: str) -> Shape:
    """The format called `name`.

    Raises `UsageError` with the nearest known one.
    """
    found = next((shape for shape in shipped().shape if shape.name == name), None)
    if found is None:
        raise UsageError(
            f"no data format is called {name!r}", hint=did_you_mean(name, {s.name for s in shipped().shape})
        )
    return found


def shape_of(value: Mapping[str, Any]) -> Shape | None:
    """The first format that the row fits."""
    return next((shape for shape in shipped().shape if shape.fits(value)), None)


def first_of(names: tuple[str, ...], value: Mapping[str, Any]) -> str:
    """The first of `names` that the row has; where it has none, the one it is called by rights."""
    for name in names:
        if name in value:
            return name
    return names[0]


def read(path: str, line: int, value: Mapping[str, Any], wanted: Shape | None = None, index: int = -1) -> Example:
    """The row as an `Example`; with `wanted`, read as that format whatever it looks like."""
    shape = wanted or shape_of(value)
    if shape is None:
        return Example(path=path, line=line, value=value, shape=UNKNOWN, index=index)
    return Example(
        path=path,
        line=line,
        value=value,
        shape=shape.name,
        turns=_turns(shape, value),
        label=_label(value.get(shape.label)) if shape.label else None,
        index=index,
    )


def trains_as_it_is(example: Example) -> bool:
    """Whether kit finetune reads the row without kit data format."""
    plain = example.shape != "prompt-completion" or ("prompt" in example.value and "completion" in example.value)
    return plain and example.shape in TRAINED_ON


def template_of(text: str) -> str:
    """The family of chat templates whose markers stand in the text, or ""."""
    if "<" not in text and "[" not in text and "###" not in text:
        return ""
    families = shipped().templates.items()
    return next((family for family, markers in families if any(marker in text for marker in markers)), "")


def _turns(shape: Shape, value: Mapping[str, Any]) -> tuple[Turn, ...]:
    if shape.turns:
        return _listed(shape, value)
    if shape.marker:
        return chatml.turns(_text(value.get(shape.plain)), shape.plain, shipped().roles)
    if shape.plain:
        return (_turn("assistant", value.get(shape.plain), shape.plain),)
    return _paired(shape, value)


def _listed(shape: Shape, value: Mapping[str, Any]) -> tuple[Turn, ...]:
    name = next((name for name in shape.turns if isinstance(value.get(name), list)), shape.turns[0])
    items = value.get(name)
    turns = [_item(shape, item, f"{name}[{i}]") for i, item in enumerate(items if isinstance(items, list) else ())]
    return (*_system(shape, value), *turns)


def _system(shape: Shape, value: Mapping[str, Any]) -> tuple[Turn, ...]:
    name = first_of(shape.system, value) if shape.system else ""
    return (_turn("system", value[name], name),) if _text(value.get(name)).strip() else ()


def _item(shape: Shape, item: Any, field: str) -> Turn:
    if not isinstance(item, dict):
        return Turn("", type(item).__name__, None, field)
    said = next((item[key] for key in shape.role if key in item), "")
    key = next((key for key in shape.text if key in item), shape.text[0])
    content = item.get(key)
    calls = item.get("tool_calls") or item.get("function_call") or ()
    text = content if isinstance(content, str) else _parts(content)
    if content is None and calls:
        text = ""
    return Turn(
        role=shipped().roles.get(str(said).lower(), ""),
        said=said if isinstance(said, str) else f"{said!r}"[:60],
        text=text,
        field=f"{field}.{key}",
        calls=tuple(calls) if isinstance(calls, (list, tuple)) else (calls,),
        content=content,
        more=item,
    )


def _parts(content: Any) -> str | None:
    """The text of a list of typed parts (text, image_url, input_audio, …); None where it is no such list."""
    if not isinstance(content, list) or not content:
        return None
    if not all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in content):
        return None
    texts = [part.get("text") for part in content if part["type"] in ("text", "input_text", "output_text")]
    if not all(isinstance(text, str) for text in texts):
        return None
    return "\n".join(texts) if texts else " ".join(f"<{part['type']}>" for part in content)


def _paired(shape: Shape, value: Mapping[str, Any]) -> tuple[Turn, ...]:
    turns = [*_system(shape, value), *_history(shape, value), *_prompt(shape, value)]
    if shape.completion:
        name = first_of(shape.completion, value)
        turns += _side(value.get(name), name, "assistant")
    return tuple(turns)


def _history(shape: Shape, value: Mapping[str, Any]) -> list[Turn]:
    turns: list[Turn] = []
    past = value.get(shape.history) if shape.history else None
    for number, pair in enumerate(past if isinstance(past, list) else ()):
        if isinstance(pair, list) and len(pair) == 2:
            field = f"{shape.history}[{number}]"
            turns += [_turn("user", pair[0], f"{field}[0]"), _turn("assistant", pair[1], f"{field}[1]")]
    return turns


def _prompt(shape: Shape, value: Mapping[str, Any]) -> list[Turn]:
    if not shape.prompt:
        return []
    first = first_of(shape.prompt, value)
    more = [value[name] for name in shape.more if name != first and _text(value.get(name)).strip()]
    if more and isinstance(value.get(first), str):
        return [_turn("user", "\n\n".join((value[first], *more)), first)]
    return _side(value.get(first), first, "user")


def _side(side: Any, field: str, role: str) -> list[Turn]:
    """One side of a pair: a text, or a list of messages."""
    if isinstance(side, list) and side and all(isinstance(item, dict) for item in side):
        messages = named("messages")
        return [_item(messages, item, f"{field}[{i}]") for i, item in enumerate(side)]
    return [_turn(role, side, field)]


def _turn(role: str, text: Any, field: str) -> Turn:
    return Turn(role, role, text if isinstance(text, str) else None, field, (), text)


def _label(value: Any) -> str | None:
    return None if value is None or isinstance(value, (dict, list)) else str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
