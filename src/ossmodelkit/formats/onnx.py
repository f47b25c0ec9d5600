"""ONNX: operators with their domains, and files that tensors are read from; no tensor is read.

Field numbers: onnx/onnx.proto (IR version 3 and later).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.protobuf import BYTES, VARINT, Field, Message, document, inside, is_text, sketch
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

DEEPEST_SUBGRAPH = 32
# Attributes of operators by which ONNX Runtime and its extensions open a file.
FILE_ATTRIBUTES = frozenset(
    {"ep_cache_context", "model_path", "library_path", "shared_library", "file_path", "filename"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalFile:
    """A file that a tensor's values are read from."""

    tensor: str
    location: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxOperator:
    """An operator type in use, its domain, and the first place it stands at."""

    domain: str
    name: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Onnx:
    """What an ONNX model calls, and which files it opens."""

    at: Place
    operators: tuple[OnnxOperator, ...]
    external: tuple[ExternalFile, ...]
    own_domains: frozenset[str] = frozenset()
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Found:
    """What was met so far. Mutable by nature."""

    budget: Budget
    operators: dict[tuple[str, str], int] = field(default_factory=dict)
    external: list[ExternalFile] = field(default_factory=list)
    domains: set[str] = field(default_factory=set)
    metadata: list[tuple[str, str]] = field(default_factory=list)


def accepts(blob: Blob) -> bool:
    """A graph with nodes, or functions, where the schema has them."""
    top = sketch(document(blob), 256)
    if not top:
        return False
    version = top.get(1)
    if version is not None and (version.wire != VARINT or version.value > 1000):
        return False
    graph = inside(top.get(7))
    node, tensor = inside(graph.get(1)), inside(graph.get(5))
    if _is_node(node) or (tensor and tensor.get(2) is not None and tensor[2].wire == VARINT):
        return True
    return _is_node(inside(inside(top.get(25)).get(7)))


def _is_node(node: dict[int, Field]) -> bool:
    return is_text(node.get(4)) and all(f.wire == BYTES for n, f in node.items() if n in (1, 2, 3, 5, 6, 7))


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `Onnx` view; broken bytes later in the file are told after what was found."""
    found = _Found(budget=budget)
    trouble: UnreadableError | None = None
    try:
        for part in document(blob):
            if part.wire != BYTES:
                continue
            if part.number == 7:
                _graph(part.message, found, 0)
            elif part.number == 20:
                for graph in part.message:
                    if graph.number in (1, 2) and graph.wire == BYTES:
                        _graph(graph.message, found, 0)
            elif part.number == 25:
                _function(part.message, found)
            elif part.number == 14:
                found.metadata.append(_pair(part.message))
    except UnreadableError as error:
        trouble = error
    yield Onnx(
        at=blob.at,
        operators=tuple(OnnxOperator(domain=d, name=n, offset=o) for (d, n), o in found.operators.items()),
        external=tuple(found.external),
        own_domains=frozenset(found.domains),
        metadata=tuple(found.metadata),
    )
    if trouble:
        raise trouble


def _graph(graph: Message, found: _Found, depth: int) -> None:
    found.budget.check_time()
    if depth > DEEPEST_SUBGRAPH:
        raise UnreadableError("subgraphs are nested too deeply")
    for part in graph:
        if part.wire != BYTES:
            continue
        if part.number == 1:
            _node(part, found, depth)
        elif part.number == 5:
            _tensor(part, found)
        elif part.number == 15:
            _sparse(part.message, found)


def _node(node: Field, found: _Found, depth: int) -> None:
    name = domain = ""
    for part in node.message:
        if part.wire != BYTES:
            continue
        if part.number == 4:
            name = part.text
        elif part.number == 7:
            domain = part.text
        elif part.number == 5:
            _attribute(part.message, found, depth)
    found.operators.setdefault((domain, name), node.start)


def _attribute(attribute: Message, found: _Found, depth: int) -> None:
    """Attributes hold tensors and whole subgraphs, and so more nodes and more files; some name a file."""
    name = ""
    for part in attribute:
        if part.number == 1 and part.wire == BYTES:
            name = part.text
        elif part.number == 4 and part.wire == BYTES and name in FILE_ATTRIBUTES and part.size_bytes <= 4096:
            found.external.append(ExternalFile(tensor=name, location=part.text, offset=part.start))
        if part.wire != BYTES:
            continue
        if part.number in (5, 10):
            _tensor(part, found)
        elif part.number in (6, 11):
            _graph(part.message, found, depth + 1)
        elif part.number in (22, 23):
            _sparse(part.message, found)


def _sparse(sparse: Message, found: _Found) -> None:
    for part in sparse:
        if part.number in (1, 2) and part.wire == BYTES:
            _tensor(part, found)


def _tensor(tensor: Field, found: _Found) -> None:
    """A tensor's external_data, whatever its data_location says: loaders differ in what they trust."""
    name = ""
    places: list[str] = []
    for part in tensor.message:
        if part.wire != BYTES:
            continue
        if part.number == 8:
            name = part.text
        elif part.number == 13:
            key, value = _pair(part.message)
            if key == "location":
                places.append(value)
    for place in places:
        found.budget.spend_member()
        found.external.append(ExternalFile(tensor=name, location=place, offset=tensor.start))


def _pair(entry: Message) -> tuple[str, str]:
    texts = {part.number: part.text for part in entry if part.wire == BYTES}
    return texts.get(1, ""), texts.get(2, "")


def _function(function: Message, found: _Found) -> None:
    for part in function:
        if part.wire != BYTES:
            continue
        if part.number == 7:
            _node(part, found, 0)
        elif part.number == 10:
            found.domains.add(part.text)
        elif part.number == 11:
            _attribute(part.message, found, 0)


READER = Reader(name="onnx", accepts=accepts, read=read)
