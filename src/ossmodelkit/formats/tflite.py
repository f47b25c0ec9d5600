"""TensorFlow Lite: the operator codes of a flatbuffer with the identifier `TFL3`.

Tables: tensorflow/compiler/mlir/lite/schema/schema.fbs. The few lines of flatbuffer reading follow
https://flatbuffers.dev/internals/ and check every offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

CUSTOM = 32  # BuiltinOperator.CUSTOM
OPERATOR_CODES, CUSTOM_CODE, DEPRECATED_CODE, BUILTIN_CODE = 1, 1, 0, 3
SUBGRAPHS, OPERATORS, OPCODE_INDEX, CUSTOM_OPTIONS = 2, 3, 0, 5
LARGEST_OPTIONS = 64 * 1024
URL = re.compile(rb"(?:file|grpc|https?)://[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TfLite:
    """Names of the custom operators that a TF Lite model calls; `Flex…` ones are TensorFlow's.

    `urls` are pairs of such a name and a URL in the options of one of its calls.
    """

    at: Place
    custom: tuple[str, ...]
    urls: tuple[tuple[str, str], ...] = ()

    def opens(self, name: str) -> str:
        """A URL that a call of this operator is configured with."""
        return next((url for operator, url in self.urls if operator == name), "")


class Table:
    """A flatbuffer table at an absolute offset."""

    def __init__(self, span: Span, at: int) -> None:
        self.span = span
        self.at = at
        (back,) = span.unpack("<i", at)
        self.vtable = at - back
        (self.length,) = span.unpack("<H", self.vtable)

    def field(self, index: int) -> int:
        """The absolute offset of a field, 0 when it is absent."""
        slot = 4 + 2 * index
        if slot + 2 > self.length:
            return 0
        (relative,) = self.span.unpack("<H", self.vtable + slot)
        return self.at + relative if relative else 0

    def follow(self, index: int) -> int:
        """Where the reference in a field leads, 0 when it is absent."""
        at = self.field(index)
        return at + self.span.unpack("<I", at)[0] if at else 0

    def text(self, index: int) -> str:
        """A text field, at most 4096 bytes of it."""
        at = self.follow(index)
        if not at:
            return ""
        (length,) = self.span.unpack("<I", at)
        return self.span.take(at + 4, min(length, 4096)).decode("utf-8", "replace")

    def tables(self, index: int, budget: Budget) -> Iterator[Table]:
        """The tables of a vector field."""
        at = self.follow(index)
        if not at:
            return
        (count,) = self.span.unpack("<I", at)
        if count * 4 > self.span.size - at:
            raise UnreadableError(f"a list of {count} entries at byte {at}")
        for slot in range(at + 4, at + 4 + 4 * count, 4):
            budget.spend_member()
            yield Table(self.span, slot + self.span.unpack("<I", slot)[0])


def accepts(blob: Blob) -> bool:
    """The file identifier, after the root offset."""
    return blob.slice(4, 4) == b"TFL3"


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `TfLite` view."""
    span = Span(blob)
    model = Table(span, span.unpack("<I", 0)[0])
    names: list[str] = []
    for code in model.tables(OPERATOR_CODES, budget):
        name = code.text(CUSTOM_CODE)
        names.append(name or ("?" if _builtin(span, code) == CUSTOM else ""))
    custom = tuple(name for name in names if name)
    yield TfLite(at=blob.at, custom=custom, urls=tuple(_urls(model, names, budget)) if custom else ())


def _urls(model: Table, names: list[str], budget: Budget) -> Iterator[tuple[str, str]]:
    """URLs in the options of custom operators: for Flex ones those hold a whole TensorFlow node."""
    span = model.span
    for subgraph in model.tables(SUBGRAPHS, budget):
        for operator in subgraph.tables(OPERATORS, budget):
            index = operator.field(OPCODE_INDEX)
            (number,) = span.unpack("<I", index) if index else (0,)
            options = operator.follow(CUSTOM_OPTIONS)
            if options and number < len(names) and names[number]:
                (length,) = span.unpack("<I", options)
                found = span.take(options + 4, min(length, LARGEST_OPTIONS))
                yield from ((names[number], url.decode("ascii")) for url in URL.findall(found))


def _builtin(span: Span, code: Table) -> int:
    new, old = code.field(BUILTIN_CODE), code.field(DEPRECATED_CODE)
    return max(span.unpack("<i", new)[0] if new else 0, span.unpack("<b", old)[0] if old else 0)


READER = Reader(name="tflite", accepts=accepts, read=read)
