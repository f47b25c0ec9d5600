"""One row as the rules see it: its shape, its turns, and every text in it with the field's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ossmodelkit.core.finding import Place

DEEPEST = 40
ID_FIELDS = ("id", "ID", "_id", "uuid", "guid", "row_id", "example_id")
# A number this long may be a card, a phone or an account written without quotes.
LONG_NUMBER = 10**8
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Turn(NamedTuple):
    """One turn: the role for a chat template ("" when unknown), what the row called it, text and field.

    `text` is None where there is something that is no text; `calls` are an assistant's tool calls; `more`
    holds what else the turn carries, such as a name or the id of the call that it answers.
    """

    role: str
    said: str
    text: str | None
    field: str
    calls: tuple[Mapping[str, Any], ...] = ()
    content: Any = None
    more: Mapping[str, Any] = NOTHING


class Example:
    """One row. A plain class with slots, because there are millions."""

    __slots__ = ("_all_text", "_texts", "index", "label", "line", "path", "shape", "turns", "value")

    def __init__(
        self,
        *,
        path: str,
        line: int,
        value: Mapping[str, Any],
        shape: str,
        turns: tuple[Turn, ...] = (),
        label: str | None = None,
        index: int = -1,
    ) -> None:
        self.path = path
        self.line = line
        self.value = value
        self.shape = shape
        self.turns = turns
        self.label = label
        self.index = index
        self._texts: list[tuple[str, str]] | None = None
        self._all_text: str | None = None

    def at(self, field: str = "") -> Place:
        """The place of a field of this row; in an array, where many rows may share a line, with the row's index."""
        if self.index >= 0:
            field = f"[{self.index}].{field}" if field else f"[{self.index}]"
        return Place(path=self.path, members=(field,) if field else (), line=self.line)

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Every text of the row as (field, text); long whole numbers count as text."""
        if self._texts is None:
            self._texts = list(leaves(self.value))
        return self._texts

    @property
    def all_text(self) -> str:
        """Every text of the row in one, to tell quickly what is not in it."""
        if self._all_text is None:
            self._all_text = "\n".join([text for _, text in self.texts])
        return self._all_text

    @property
    def prompt(self) -> str:
        """What the model is asked: all turns that are not the assistant's and not the system's."""
        return "\n".join(turn.text for turn in self.turns if turn.text and turn.role in ("user", "tool", ""))

    @property
    def answer(self) -> str:
        """What the model is to say."""
        return "\n".join(turn.text for turn in self.turns if turn.text and turn.role == "assistant")

    @property
    def body(self) -> str:
        """Prompt and answer, without the system text that many rows share; all text where there are no turns."""
        if self.turns:
            return "\n".join(turn.text for turn in self.turns if turn.text and turn.role != "system")
        return "\n".join(text for _, text in self.texts)

    @property
    def whole(self) -> str:
        """Everything that makes two rows the same: roles, texts and label, but no id and no metadata."""
        if not self.turns:
            return "\0".join(text for _, text in self.texts)
        said = "\0".join(_said(turn) for turn in self.turns)
        return f"{said}\0{self.label}" if self.label is not None else said

    @property
    def row_id(self) -> str:
        """The id the row carries, or ""."""
        value = next((self.value[name] for name in ID_FIELDS if name in self.value), "")
        return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _said(turn: Turn) -> str:
    if turn.text is not None and not turn.calls and not isinstance(turn.content, list):
        return f"{turn.said}\0{turn.text}"
    return f"{turn.said}\0{turn.content!r}\0{turn.calls!r}"


def leaves(value: Any, field: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every text below `value` as (field, text)."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, item in value.items():
            name = f"{field}.{key}" if field else str(key)
            if isinstance(item, str):
                yield name, item
            elif depth < DEEPEST:
                yield from leaves(item, name, depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if depth < DEEPEST:
                yield from leaves(item, f"{field}[{number}]", depth + 1)
    elif isinstance(value, int) and abs(value) >= LONG_NUMBER:
        yield field, str(value)
