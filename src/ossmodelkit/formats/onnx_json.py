"""ONNX written as JSON: `onnx.load` reads it by the name `.json` or `.onnxjson`, and opens the files it names.

The JSON of a protobuf may name its fields in camel case or as the schema does; the loader takes both
(protobuf, "ProtoJSON Format").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ossmodelkit.core.finding import Place
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.onnx import ExternalFile, Onnx, OnnxOperator


def views(at: Place, value: Any) -> Iterator[Onnx]:
    """One `Onnx` view, when the document holds a graph that calls operators or opens files."""
    if not isinstance(value, dict) or not isinstance(value.get("graph"), dict):
        return
    operators: list[OnnxOperator] = []
    external: list[ExternalFile] = []
    for _, item in strict_json.objects(value):
        called = item.get("opType", item.get("op_type"))
        if isinstance(called, str):
            operators.append(OnnxOperator(domain=str(item.get("domain", "")), name=called, offset=0))
        external.extend(_external(item))
    if operators or external:
        yield Onnx(at=at, operators=tuple(operators), external=tuple(external))


def _external(tensor: dict[str, Any]) -> Iterator[ExternalFile]:
    for name in ("externalData", "external_data"):
        pairs = tensor.get(name)
        for pair in pairs if isinstance(pairs, list) else ():
            if isinstance(pair, dict) and pair.get("key") == "location":
                yield ExternalFile(tensor=str(tensor.get("name", "")), location=str(pair.get("value", "")), offset=0)
