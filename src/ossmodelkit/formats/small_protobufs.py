"""Protobuf files that are data or nearly so: sentencepiece, SavedModel fingerprints, Core ML, Paddle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.harmless import Harmless
from ossmodelkit.formats.protobuf import BYTES, FIXED32, VARINT, Message, document, inside, is_text, sketch
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

MODEL_TYPES = range(200, 3100)  # coremltools: Model.proto, the `Type` oneof
CUSTOM_MODEL, LINKED_MODEL = 555, 556


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreMl:
    """Class names of custom models and layers, which the app that loads the model must supply."""

    at: Place
    custom: tuple[str, ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaddleProgram:
    """The operator types of a Paddle program, and the texts among their attributes."""

    at: Place
    operators: tuple[tuple[str, tuple[str, ...], int], ...]


def accepts_sentencepiece(blob: Blob) -> bool:
    """Pieces of text with a score, and a trainer specification."""
    top = sketch(document(blob), 4) or {}
    piece = inside(top.get(1))
    wires = {number: field.wire for number, field in piece.items()}
    return wires in ({1: BYTES, 2: FIXED32}, {1: BYTES, 2: FIXED32, 3: VARINT})


def read_sentencepiece(blob: Blob, budget: Budget) -> Iterator[object]:
    """Harmless, once every top-level field has been walked over."""
    for _ in document(blob):
        pass
    yield Harmless(at=blob.at, kind="sentencepiece vocabulary")


def accepts_fingerprint(blob: Blob) -> bool:
    """`fingerprint.pb`: a handful of hashes (tensorflow/core/protobuf/fingerprint.proto)."""
    if blob.size > 1024:
        return False
    top = sketch(document(blob), 16) or {}
    hashes = [number for number in range(1, 6) if number in top and top[number].wire == VARINT]
    return len(hashes) >= 3 and top.keys() <= set(range(1, 8))


def read_fingerprint(blob: Blob, budget: Budget) -> Iterator[object]:
    """Harmless."""
    yield Harmless(at=blob.at, kind="SavedModel fingerprint")


def accepts_coreml(blob: Blob) -> bool:
    """A specification version, a description, and one of the model types."""
    top = sketch(document(blob), 64) or {}
    version = top.get(1)
    if version is None or version.wire != VARINT or not 0 < version.value < 100:
        return False
    described = 2 in top and top[2].wire == BYTES and 1 in inside(top[2])
    return described and any(number in MODEL_TYPES and field.wire == BYTES for number, field in top.items())


def read_coreml(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `CoreMl` view."""
    custom: list[str] = []
    links: list[str] = []
    _coreml(document(blob), custom, links, 0)
    yield CoreMl(at=blob.at, custom=tuple(custom), links=tuple(links))


def _coreml(model: Message, custom: list[str], links: list[str], depth: int) -> None:
    if depth > 16:
        raise UnreadableError("pipelines are nested too deeply")
    for part in model:
        if part.wire != BYTES:
            continue
        if part.number == CUSTOM_MODEL:
            custom.append(_first_text(part.message, 10))
        elif part.number == LINKED_MODEL:
            links.append(part.text.strip())
        elif part.number in (200, 201, 202):
            _pipeline(part.message, custom, links, depth)
        elif part.number in (303, 403, 500):
            _network(part.message, custom)


def _pipeline(pipeline: Message, custom: list[str], links: list[str], depth: int) -> None:
    """Classifier and regressor pipelines wrap a pipeline; a pipeline lists models."""
    for part in pipeline:
        if part.number == 1 and part.wire == BYTES:
            inner = sketch(part.message, 64) or {}
            if 1 in inner and inner[1].wire == VARINT:
                _coreml(part.message, custom, links, depth + 1)
            elif depth < 16:
                _pipeline(part.message, custom, links, depth + 1)


def _network(network: Message, custom: list[str]) -> None:
    for part in network:
        if part.number == 1 and part.wire == BYTES:
            for layer in part.message:
                if layer.number == 500 and layer.wire == BYTES:
                    custom.append(_first_text(layer.message, 10))


def _first_text(message: Message, number: int) -> str:
    return next((part.text for part in message if part.number == number and part.wire == BYTES), "?")


def accepts_paddle(blob: Blob) -> bool:
    """A block with an index, a parent, and operators with a type."""
    block = inside((sketch(document(blob), 16) or {}).get(1))
    if not all(number in block and block[number].wire == VARINT for number in (1, 2)):
        return False
    return is_text(inside(block.get(4)).get(3)) or is_text(inside(block.get(3)).get(1))


def read_paddle(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `PaddleProgram` view."""
    operators: list[tuple[str, tuple[str, ...], int]] = []
    for block in document(blob):
        if block.number != 1 or block.wire != BYTES:
            continue
        for part in block.message:
            if part.number == 4 and part.wire == BYTES:
                budget.spend_bytes(100)
                texts = [_attribute_text(a.message) for a in part.message if a.number == 4 and a.wire == BYTES]
                operators.append((_first_text(part.message, 3), tuple(t for t in texts if t), part.start))
    yield PaddleProgram(at=blob.at, operators=tuple(operators))


def _attribute_text(attribute: Message) -> str:
    return next((part.text for part in attribute if part.number == 5 and part.wire == BYTES), "")


SENTENCEPIECE = Reader(name="sentencepiece", accepts=accepts_sentencepiece, read=read_sentencepiece)
FINGERPRINT = Reader(name="fingerprint", accepts=accepts_fingerprint, read=read_fingerprint)
COREML = Reader(name="coreml", accepts=accepts_coreml, read=read_coreml)
PADDLE = Reader(name="paddle", accepts=accepts_paddle, read=read_paddle)
