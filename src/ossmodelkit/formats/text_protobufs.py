"""Protobuf written as text: `.pbtxt` of a SavedModel or graph, `.textproto` of ONNX.

TensorFlow loads `saved_model.pbtxt` like the binary form. Only the fields that matter are looked for,
each with its quoted text decoded: `op`, `op_type`, `domain`, short constants and external locations.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.onnx import ExternalFile, Onnx, OnnxOperator
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.tensorflow import TensorflowGraph, TensorflowNode

ENDINGS = (".pbtxt", ".prototxt", ".textproto", ".txtpb", ".pb.txt", ".onnxtxt")
QUOTED = r"""(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
# Caffe imports the module of a Python layer; Triton unpacks and runs the environment that a model names.
PYTHON_LAYER = re.compile(rf"\bpython_param\s*:?\s*\{{[^}}]*?\bmodule\s*:\s*({QUOTED})")
ENVIRONMENT = re.compile(rf"EXECUTION_ENV_PATH.{{0,40}}?\bstring_value\s*:\s*({QUOTED})", re.DOTALL)
# ONNX's own text (onnx.parser): a model begins with its properties, and a call names its domain before the operator.
ONNX_MODEL = re.compile(r"\s*<\s*(?:\w+\s*:[^<>]*,\s*)?(?:ir_version|opset_import)\s*:")
ONNX_CALL = re.compile(r"=\s*(?:((?:\w+\.)*\w+)\.)?([A-Za-z_]\w*)\s*[<(]")
FIELD = re.compile(rf"\b(op|op_type|domain|string_val|s|key|value|name|input)\s*:\s*({QUOTED}(?:\s*{QUOTED})*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPython:
    """Python that the reader of a text imports: a `module` by name, or an `environment` by its path."""

    at: Place
    what: str
    name: str
    offset: int


def looks_like(name: str, text: str) -> bool:
    """By name, by a node with an operator in it, or by the properties that ONNX's own text begins with."""
    if ONNX_MODEL.match(text):
        return True
    return name.endswith(ENDINGS) or re.search(r"\bnode\s*:?\s*\{[^}]{0,200}\bop(_type)?\s*:", text[:65536]) is not None


def views(blob: Blob, text: str) -> Iterator[object]:
    """A TensorFlow view, an ONNX view, or both."""
    nodes: list[TensorflowNode] = []
    operators: list[OnnxOperator] = []
    external: list[ExternalFile] = []
    last = name = ""
    if ONNX_MODEL.match(text):
        calls = ((match[1] or "", match[2], match.start()) for match in ONNX_CALL.finditer(text))
        operators.extend(OnnxOperator(domain=domain, name=called, offset=at) for domain, called, at in calls)
    for match in FIELD.finditer(text):
        key, value, offset = match.group(1), _text(match.group(2)), match.start()
        if key == "name":
            name = value
        elif key == "op":
            nodes.append(TensorflowNode(name=name, operator=value, inputs=(), texts=(), offset=offset))
        elif key in ("string_val", "s") and nodes:
            nodes[-1] = _with_text(nodes[-1], value)
        elif key == "op_type":
            operators.append(OnnxOperator(domain="", name=value, offset=offset))
        elif key == "domain" and operators:
            operators.append(OnnxOperator(domain=value, name=operators[-1].name, offset=offset))
        elif key == "value" and last == "location":
            external.append(ExternalFile(tensor=name, location=value, offset=offset))
        last = value if key == "key" else ""
    for what, pattern in (("module", PYTHON_LAYER), ("environment", ENVIRONMENT)):
        for match in pattern.finditer(text):
            yield NamedPython(at=blob.at, what=what, name=_text(match[1]), offset=match.start())
    if nodes:
        yield TensorflowGraph(at=blob.at, nodes=tuple(nodes))
    if operators or external:
        yield Onnx(at=blob.at, operators=tuple(operators), external=tuple(external))


def _with_text(node: TensorflowNode, text: str) -> TensorflowNode:
    from dataclasses import replace

    return replace(node, texts=(*node.texts, text)) if len(node.texts) < 16 else node


def _text(quoted: str) -> str:
    """Adjacent quoted parts are one text; escapes are those of C."""
    joined = "".join(part[1:-1] for part in re.findall(QUOTED, quoted))
    if "\\" not in joined:
        return joined
    try:
        return codecs.decode(joined, "unicode_escape")
    except UnicodeDecodeError:
        return joined
