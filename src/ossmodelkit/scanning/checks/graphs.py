"""Graph formats: TensorFlow, TF Lite, ONNX, Core ML and Paddle, by the operators they call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.onnx import Onnx
from ossmodelkit.formats.small_protobufs import CoreMl, PaddleProgram
from ossmodelkit.formats.tensorflow import TensorflowGraph, TensorflowNode
from ossmodelkit.formats.text_protobufs import NamedPython
from ossmodelkit.formats.tflite import TfLite
from ossmodelkit.scanning.paths import leaves_folder
from ossmodelkit.scanning.tables import Reach, reach_of, words
from ossmodelkit.scanning.tensorflow_operators import is_dataset_of_files, is_registered, reaches_files

REMEDY = "Do not load it: ask the publisher for a model without this operator."


def _saw(node: TensorflowNode) -> str:
    texts = ", ".join(repr(text[:80]) for text in node.texts[:3])
    inside = f" in function {node.function}" if node.function else ""
    return f"{node.operator} {node.name!r}{inside}{': ' + texts if texts else ''}"


@check("tensorflow-runs-code", reads=TensorflowGraph, severity=Severity.CRITICAL)
def runs_code(graph: TensorflowGraph) -> Iterator[Hit]:
    """This TensorFlow graph calls Python or native code of the process that runs it.

    An operator that TensorFlow does not register comes from a library that somebody has to load.
    """
    strange: set[str] = set()
    for node in graph.nodes:
        if node.operator in words("operators", "tensorflow", "code", "names"):
            yield Hit(at=replace(graph.at, offset=node.offset), saw=_saw(node), remedy=REMEDY)
        elif node.operator not in strange | graph.functions and not (
            is_registered(node.operator) or reaches_files(node)
        ):
            strange.add(node.operator)
            at = replace(graph.at, offset=node.offset)
            yield Hit(at=at, saw=_saw(node), remedy=REMEDY, severity=Severity.MEDIUM)


@check("tensorflow-touches-files", reads=TensorflowGraph, severity=Severity.CRITICAL)
def touches_files(graph: TensorflowGraph) -> Iterator[Hit]:
    """This TensorFlow graph reads or writes files or sockets when it runs.

    A graph is a program with the rights of the process that runs it.
    """
    for node in graph.nodes:
        if reaches_files(node):
            yield Hit(at=replace(graph.at, offset=node.offset), saw=_saw(node), remedy=REMEDY)


@check("tensorflow-constant-path", reads=TensorflowGraph, severity=Severity.HIGH)
def constant_path(graph: TensorflowGraph) -> Iterator[Hit]:
    """This TensorFlow graph saves to, or restores from, a path that the file itself chose.

    Every saved model has SaveV2 and RestoreV2; their path comes from the caller. Here it is a constant.
    """
    wanted = words("operators", "tensorflow", "paths", "names")
    by_name = {(node.function, node.name): node for node in graph.nodes}
    for node in graph.nodes:
        if node.operator in wanted and node.inputs and not node.operator.startswith("Sharded"):
            # Merging moves the parts of a checkpoint from paths to a path, and removes the old ones.
            sources = node.inputs[: 2 if node.operator == "MergeV2Checkpoints" else 1]
            path = next((p for p in (_constant_behind(by_name, node, one) for one in sources) if _is_path(p)), "")
            if path:
                saw = f"{node.operator} {node.name!r}: {path[:120]!r}"
                yield Hit(at=replace(graph.at, offset=node.offset), saw=saw, remedy=REMEDY)
        elif node.operator in words("operators", "tensorflow", "files", "assets"):
            yield from _table(graph, by_name, node)
    for asset in graph.assets:
        if leaves_folder(asset):
            yield Hit(at=graph.at, saw=f"asset {asset[:120]!r}", remedy=REMEDY)


def _table(
    graph: TensorflowGraph, by_name: dict[tuple[str, str], TensorflowNode], node: TensorflowNode
) -> Iterator[Hit]:
    """A vocabulary table reads a file: an asset's constant is replaced at load, any other stays as it is."""
    path = next((p for p in (_constant_behind(by_name, node, source) for source in node.inputs) if p), "")
    assets = {asset.rpartition("/")[2] for asset in graph.assets}
    if path and leaves_folder(path) and path.rpartition("/")[2] not in assets:
        saw = f"{node.operator} {node.name!r}: {path[:120]!r}"
        yield Hit(at=replace(graph.at, offset=node.offset), saw=saw, remedy=REMEDY)


# What TensorFlow itself puts there: the default of `save/filename`, and the folder for parts of a checkpoint.
ORDINARY_PATHS = ("", "model", "_temp/part", "part", "/part")


def _is_path(text: str) -> bool:
    return text not in ORDINARY_PATHS and not text.startswith("_temp")


PASSES_ON = frozenset(
    (
        *(
            "Identity",
            "IdentityN",
            "StopGradient",
            "Snapshot",
            "EnsureShape",
            "PlaceholderWithDefault",
            "Select",
            "SelectV2",
        ),
        *(
            "Reshape",
            "ExpandDims",
            "Squeeze",
            "Pack",
            "ConcatV2",
            "Tile",
            "Fill",
            "BroadcastTo",
            "GatherV2",
            "StridedSlice",
        ),
        *(
            "StringJoin",
            "ReduceJoin",
            "StringFormat",
            "StringStrip",
            "StringLower",
            "StringUpper",
            "Substr",
            "AsString",
        ),
        *("StaticRegexReplace", "RegexReplace", "DecodeBase64", "EncodeBase64", "UnicodeTranscode", "ShardedFilename"),
    )
)


def _constant_behind(
    by_name: dict[tuple[str, str], TensorflowNode], user: TensorflowNode, name: str, depth: int = 0
) -> str:
    """The constant text that feeds an input, when no placeholder or argument is in between."""
    node = by_name.get((user.function, name.lstrip("^").partition(":")[0]))
    if node is None or depth > 16:
        return ""
    if node.operator == "Const":
        return next((text for text in node.texts if text), "")
    if node.operator not in PASSES_ON:
        return ""
    found = [_constant_behind(by_name, node, source, depth + 1) for source in node.inputs]
    if node.operator == "StringJoin" and any(not _leads_to_constant(by_name, node, source) for source in node.inputs):
        return ""
    default = node.operator == "PlaceholderWithDefault"  # ordinary unless the default itself leads elsewhere
    return next((text for text in found if _is_path(text) and (leaves_folder(text) or not default)), "")


def _leads_to_constant(
    by_name: dict[tuple[str, str], TensorflowNode], user: TensorflowNode, name: str, depth: int = 0
) -> bool:
    node = by_name.get((user.function, name.lstrip("^").partition(":")[0]))
    if node is None or depth > 16 or not (node.operator == "Const" or node.operator in PASSES_ON):
        return False
    return node.operator == "Const" or all(_leads_to_constant(by_name, node, one, depth + 1) for one in node.inputs)


@check("tflite-custom-operator", reads=TfLite, severity=Severity.MEDIUM)
def tflite_operator(model: TfLite) -> Iterator[Hit]:
    """This TF Lite model calls an operator that its runtime does not have.

    Custom operators are native code that the program must load; Flex operators are TensorFlow's own
    and reach files as in any graph.
    """
    dangerous = words("operators", "tensorflow", "code", "names") | words("operators", "tensorflow", "files", "names")
    for name in dict.fromkeys(model.custom):
        if name.startswith("Flex"):
            operator = name.removeprefix("Flex")
            if operator in dangerous or is_dataset_of_files(operator):
                yield Hit(at=model.at, saw=name, remedy=REMEDY, severity=Severity.CRITICAL)
            elif operator in words("operators", "tensorflow", "print", "names") and model.opens(name):
                yield Hit(
                    at=model.at, saw=f"{name} to {model.opens(name)[:120]!r}", remedy=REMEDY, severity=Severity.HIGH
                )
            elif not is_registered(operator):
                yield Hit(at=model.at, saw=f"{name}, which TensorFlow does not have", remedy=REMEDY)
        elif name not in words("operators", "tflite", "known"):
            yield Hit(at=model.at, saw=f"custom operator {name!r}", remedy=REMEDY)


@check(
    "onnx-external-path",
    reads=Onnx,
    severity=Severity.HIGH,
    advisories=("CVE-2022-25882", "CVE-2024-27318", "CVE-2025-51480"),
)
def onnx_external(model: Onnx) -> Iterator[Hit]:
    """This ONNX model reads tensors from a file outside of its folder.

    A loader opens the location as it stands: `..` and absolute paths reach any file of the reader.
    """
    for external in model.external:
        if leaves_folder(external.location):
            saw = f"tensor {external.tensor!r} from {external.location[:200]!r}"
            yield Hit(at=replace(model.at, offset=external.offset), saw=saw, remedy=REMEDY)


@check("onnx-runs-code", reads=Onnx, severity=Severity.CRITICAL)
def onnx_code(model: Onnx) -> Iterator[Hit]:
    """This ONNX model calls an operator that runs Python, or sends its input to a service."""
    for operator in model.operators:
        if operator.name in words("operators", "onnx", "code") | words("operators", "onnx", "network"):
            saw = f"{operator.domain or 'ai.onnx'}:{operator.name}"
            yield Hit(at=replace(model.at, offset=operator.offset), saw=saw, remedy=REMEDY)


@check("onnx-unknown-domain", reads=Onnx, severity=Severity.MEDIUM)
def onnx_domain(model: Onnx) -> Iterator[Hit]:
    """This ONNX model needs operators from an unknown domain.

    Custom operators come from a native library that somebody has to load beside the model.
    """
    known = words("operators", "onnx", "domains") | model.own_domains
    seen: set[str] = set()
    for operator in model.operators:
        if operator.domain not in known and operator.domain not in seen:
            seen.add(operator.domain)
            saw = f"{operator.domain[:80]}:{operator.name[:80]}"
            yield Hit(at=replace(model.at, offset=operator.offset), saw=saw, remedy=REMEDY)


@check("coreml-custom-code", reads=CoreMl, severity=Severity.MEDIUM)
def coreml_custom(model: CoreMl) -> Iterator[Hit]:
    """This Core ML model needs a class that the app brings along, or another model file."""
    for name in dict.fromkeys((*model.custom, *model.links)):
        yield Hit(at=model.at, saw=name[:120], remedy=REMEDY)


@check("paddle-runs-code", reads=PaddleProgram, severity=Severity.HIGH)
def paddle_code(program: PaddleProgram) -> Iterator[Hit]:
    """This Paddle program calls Python, or opens files by a path of its own."""
    for name, texts, offset in program.operators:
        paths = [text for text in texts if leaves_folder(text)]
        code = name in words("operators", "paddle", "code")
        if code or (
            name in words("operators", "paddle", "files") and (paths or name.endswith(("send", "recv", "serv")))
        ):
            saw = f"{name} {', '.join(map(repr, paths))}".strip()
            yield Hit(at=replace(program.at, offset=offset), saw=saw[:200], remedy=REMEDY)


@check("prototxt-imports-python", reads=NamedPython, severity=Severity.MEDIUM)
def prototxt_imports_python(named: NamedPython) -> Iterator[Hit]:
    """This network or server configuration names Python that its reader imports or unpacks.

    Caffe's Python layer imports its module; Triton unpacks the environment of a model and runs its interpreter.
    """
    if named.what == "module" or (leaves_folder(named.name) and not named.name.startswith("$$")):
        loud = named.what == "module" and reach_of(named.name) is Reach.DENIED
        at = replace(named.at, offset=named.offset)
        severity = Severity.CRITICAL if loud else None
        yield Hit(at=at, saw=f"{named.what} {named.name[:120]!r}", remedy=REMEDY, severity=severity)


CHECKS = (
    runs_code,
    touches_files,
    constant_path,
    tflite_operator,
    onnx_external,
    onnx_code,
    onnx_domain,
    coreml_custom,
    paddle_code,
    prototxt_imports_python,
)
