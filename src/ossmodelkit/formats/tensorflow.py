"""TensorFlow graphs: SavedModel, MetaGraph and GraphDef as nodes with their constants.

Field numbers: tensorflow/core/protobuf/{saved_model,meta_graph,saved_object_graph}.proto and
tensorflow/core/framework/{graph,node_def,function,attr_value,tensor}.proto. No tensor is read
beyond short constant texts, and TensorFlow is never imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ossmodelkit.core.finding import Place
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.json_documents import meaning
from ossmodelkit.formats.protobuf import BYTES, VARINT, Field, Message, document, inside, is_text, sketch
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

LONGEST_CONSTANT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorflowNode:
    """One operator of a graph or of a function: what it is called, what it does, what feeds it."""

    name: str
    operator: str
    inputs: tuple[str, ...]
    texts: tuple[str, ...]
    offset: int
    function: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorflowGraph:
    """All nodes of a model, the graph's own and those of its functions; the names of functions and of asset files."""

    at: Place
    nodes: tuple[TensorflowNode, ...]
    assets: tuple[str, ...] = ()
    functions: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Found:
    """What was met so far. Mutable by nature."""

    budget: Budget
    nodes: list[TensorflowNode] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    assets: list[str] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)


def _is_node(node: dict[int, Field]) -> bool:
    return is_text(node.get(1)) and is_text(node.get(2)) and node[2].text.replace("_", "").replace(">", "").isalnum()


def _is_graph(graph: dict[int, Field]) -> bool:
    function = inside(inside(graph.get(2)).get(1))
    return _is_node(inside(graph.get(1))) or is_text(inside(function.get(1)).get(1))


def _is_meta(meta: dict[int, Field]) -> bool:
    return _is_graph(inside(meta.get(2)))


def accepts(blob: Blob) -> bool:
    """A saved model, a meta graph or a graph, each told by its nodes."""
    top = sketch(document(blob), 256)
    return bool(top) and _layout(top or {}) != ""


def _layout(top: dict[int, Field]) -> str:
    version = top.get(1)
    if (version is None or version.wire == VARINT) and _is_meta(inside(top.get(2))):
        return "saved model"
    if _is_meta(top) and not _is_node(inside(top.get(1))):
        return "meta graph"
    return "graph" if _is_graph(top) else ""


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `TensorflowGraph` view, and what Keras metadata inside it says."""
    found = _Found(budget=budget)
    message = document(blob)
    layout = _layout(sketch(message, 256) or {})
    trouble: UnreadableError | None = None
    try:
        if layout == "saved model":
            for part in message:
                if part.number == 2 and part.wire == BYTES:
                    _meta_graph(part.message, found)
        elif layout == "meta graph":
            _meta_graph(message, found)
        else:
            _graph(message, found)
    except UnreadableError as error:
        trouble = error
    yield TensorflowGraph(
        at=blob.at, nodes=tuple(found.nodes), assets=tuple(found.assets), functions=frozenset(found.functions)
    )
    for text in found.metadata:
        try:
            yield from meaning(blob.at, strict_json.parse(text).value, budget)
        except UnreadableError:
            continue
    if trouble:
        raise trouble


def _meta_graph(meta: Message, found: _Found) -> None:
    for part in meta:
        if part.wire != BYTES:
            continue
        if part.number == 2:
            _graph(part.message, found)
        elif part.number == 6:
            found.assets.extend(f.text for f in part.message if f.number == 2 and f.wire == BYTES)
        elif part.number == 7:
            _objects(part.message, found)


def _objects(graph: Message, found: _Found) -> None:
    """Texts of user objects: older Keras kept its configuration there."""
    for node in graph:
        if node.number != 1 or node.wire != BYTES:
            continue
        for part in node.message:
            if part.number == 4 and part.wire == BYTES:
                for detail in part.message:
                    if detail.number == 3 and detail.size_bytes > 2:
                        found.metadata.append(detail.message.text(1 << 24))


def _graph(graph: Message, found: _Found) -> None:
    for part in graph:
        if part.wire != BYTES:
            continue
        if part.number == 1:
            _node(part, found, "")
        elif part.number == 2:
            for function in part.message:
                if function.number == 1 and function.wire == BYTES:
                    _function(function.message, found)


def _function(function: Message, found: _Found) -> None:
    name = ""
    for part in function:
        if part.wire != BYTES:
            continue
        if part.number == 1:
            name = next((f.text for f in part.message if f.number == 1 and f.wire == BYTES), "")
            found.functions.add(name)
        elif part.number == 3:
            _node(part, found, name)


def _node(node: Field, found: _Found, function: str) -> None:
    if len(found.nodes) % 1024 == 0:
        found.budget.check_time()
    name = operator = ""
    inputs: list[str] = []
    texts: list[str] = []
    for part in node.message:
        if part.wire != BYTES:
            continue
        if part.number == 1:
            name = part.text
        elif part.number == 2:
            operator = part.text
        elif part.number == 3:
            inputs.append(part.text)
        elif part.number == 5:
            texts.extend(_attribute_texts(part.message))
    found.budget.spend_bytes(200)
    found.nodes.append(
        TensorflowNode(
            name=name,
            operator=operator,
            inputs=tuple(inputs),
            texts=tuple(texts),
            offset=node.start,
            function=function,
        )
    )


def _attribute_texts(entry: Message) -> Iterator[str]:
    """Short texts in an attribute: `s`, `list(s)`, and the values of a text tensor."""
    for part in entry:
        if part.number != 2 or part.wire != BYTES:
            continue
        for value in part.message:
            if value.wire != BYTES:
                continue
            if value.number == 2:
                yield value.text
            elif value.number == 1:
                yield from (item.text for item in value.message if item.number == 2 and item.wire == BYTES)
            elif value.number == 8:
                yield from _tensor_texts(value.message)


def _tensor_texts(tensor: Message) -> Iterator[str]:
    if tensor.size > 64 * LONGEST_CONSTANT:
        return
    for part in tensor:
        if part.number == 8 and part.wire == BYTES and part.size_bytes <= LONGEST_CONSTANT:
            yield part.text


def accepts_metadata(blob: Blob) -> bool:
    """`keras_metadata.pb`: repeated nodes that each name a `_tf_keras_` identifier."""
    node = inside((sketch(document(blob), 64) or {}).get(1))
    return is_text(node.get(4)) and node[4].text.startswith("_tf_keras") and 5 in node


def read_metadata(blob: Blob, budget: Budget) -> Iterator[object]:
    """What the Keras configuration of every object says."""
    from ossmodelkit.formats.harmless import Harmless

    yield Harmless(at=blob.at, kind="Keras metadata of a SavedModel")
    for node in document(blob):
        if node.number != 1 or node.wire != BYTES:
            continue
        for part in node.message:
            if part.number == 5 and part.wire == BYTES:
                budget.spend_bytes(part.size_bytes)
                yield from meaning(blob.at, strict_json.parse(part.message.raw(part.size_bytes)).value, budget)


READER = Reader(name="tensorflow", accepts=accepts, read=read)
METADATA = Reader(name="keras-metadata", accepts=accepts_metadata, read=read_metadata)
