"""Keras models: what deserializing their configuration would import, build or open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.hdf5 import Hdf5, Hdf5Outside
from ossmodelkit.formats.keras import KerasConfig, KerasObject
from ossmodelkit.scanning.globals_table import is_standard
from ossmodelkit.scanning.tables import Reach, reach_of, words

REMEDY = "Do not load it: ask the publisher for the weights alone and build the model from your own code."
ROOTS = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "keras_hub", "keras_nlp", "keras_cv")
SAFE_UTILS = frozenset({"FeatureSpace", "Cross", "Feature", "SeedGenerator"})
PATH_FIELDS = (
    "vocabulary",
    "vocab",
    "vocabulary_file",
    "filepath",
    "file_path",
    "filename",
    "proto",
    "merges",
    "idf_weights_file",
    "idf_weights",
)
FILE_OPERATORS = re.compile(
    r"(^|\.)(io\.(read_file|write_file|matching_files)|gfile\b|py_function|numpy_function|load_op_library|load_library"
    r"|saved_model\.(load|save)|get_file\b|load_model\b|data\.\w*Dataset|raw_ops\.\w*(File|PyFunc|Record|Sql|Dataset)"
    r"|train\.(load|save)\w*|summary\.\w*(writer|trace)\w*|profiler\.|sysconfig\.|lite\.)"
)
# Modules of Python that no part of Keras is called after; a module path through one of them leads out of Keras.
OWN_PARTS = frozenset({"random", "types", "io", "json", "tokenize", "code", "test"})


@check(
    "keras-runs-lambda", reads=KerasConfig, severity=Severity.CRITICAL, advisories=("CVE-2024-3660", "CVE-2025-9905")
)
def runs_lambda(config: KerasConfig) -> Iterator[Hit]:
    """This Keras model carries Python byte code, and loading or calling it runs it.

    A Lambda layer stores a marshalled function; older versions of Keras rebuild it without asking.
    """
    for found in config.objects():
        if found.class_name == "__lambda__" or _holds_code(found):
            yield Hit(at=config.at, saw=f"{found.class_name} at {found.path}", remedy=REMEDY)


def _holds_code(found: KerasObject) -> bool:
    """A Lambda with code in it; one that only names a registered function holds none."""
    if found.class_name.rpartition(">")[2] != "Lambda" or not isinstance(found.config, dict):
        return False
    function = found.config.get("function")
    if isinstance(function, dict):
        return function.get("class_name") not in ("function",)
    return isinstance(function, list) or found.config.get("function_type") in ("lambda", "raw") or not function


@check("keras-loads-foreign-code", reads=KerasConfig, severity=Severity.CRITICAL, advisories=("CVE-2025-49655",))
def loads_foreign(config: KerasConfig) -> Iterator[Hit]:
    """This Keras model wraps something that is unpickled or loaded from elsewhere.

    `TorchModuleWrapper` unpickles a module; `TFSMLayer` loads a SavedModel from a path in the file.
    """
    for found in config.objects():
        if found.class_name.rpartition(">")[2] in (
            "TorchModuleWrapper",
            "TFSMLayer",
            "JaxLayer",
            "FlaxLayer",
            "RWKVTokenizer",
        ):
            saw = f"{found.class_name} at {found.path}"
            severity = (
                Severity.CRITICAL
                if found.class_name[-4:] not in ("ayer",) or "TFSM" in found.class_name
                else Severity.HIGH
            )
            yield Hit(at=config.at, saw=saw, remedy=REMEDY, severity=severity)


@check(
    "keras-imports-module", reads=KerasConfig, severity=Severity.MEDIUM, advisories=("CVE-2025-1550", "CVE-2025-8747")
)
def imports_module(config: KerasConfig) -> Iterator[Hit]:
    """Loading this Keras model would import code that is not a layer or function of Keras.

    `module` and `class_name` are imported and called; denied names reach files, processes or settings.
    """
    for found in config.objects():
        severity = _judge(found)
        if severity is not None:
            target = f"{found.module or '(no module)'}:{_called(found)}"
            yield Hit(at=config.at, saw=f"{target} at {found.path}", remedy=REMEDY, severity=severity)
    for path, item in strict_json.objects(config.value):
        function = item.get("function") if "class_name" not in item else None
        if isinstance(function, str) and FILE_OPERATORS.search(function):
            yield Hit(
                at=config.at, saw=f"{function} at {strict_json.dotted(path)}", remedy=REMEDY, severity=Severity.HIGH
            )


def _called(found: KerasObject) -> str:
    named = found.config if isinstance(found.config, str) else ""
    return named if found.class_name == "function" and named else found.class_name


def _judge(found: KerasObject) -> Severity | None:
    name = _called(found)
    spoken = {*re.split(r"[.>]", found.module), *re.split(r"[.>]", name), found.registered.rpartition(">")[2]}
    if not found.module:
        return Severity.HIGH if spoken & words("keras", "gadgets") and found.class_name == "function" else None
    if found.module == "builtins":
        return Severity.HIGH if spoken & words("keras", "gadgets") else None
    root = next((root for root in ROOTS if found.module == root or found.module.startswith(root + ".")), "")
    if not root:
        reach = reach_of(f"{found.module}.{name}")
        if found.module in ("numpy", "tensorflow") and isinstance(found.config, dict) and name in DATA:
            return None
        return Severity.CRITICAL if reach is Reach.DENIED else Severity.MEDIUM
    parts = found.module.removeprefix(root).strip(".").split(".")
    if any(is_standard(part) and part not in OWN_PARTS for part in parts if part):
        return Severity.CRITICAL
    if spoken & words("keras", "gadgets") and name not in SAFE_UTILS:
        return Severity.HIGH
    return None if not parts[0] or set(parts) & words("keras", "parts") or name in SAFE_UTILS else Severity.MEDIUM


DATA = frozenset(
    {"ndarray", "TensorShape", "Tensor", "DType", "dtype", "float32", "float64", "int32", "int64", "TypeSpec"}
)


@check("keras-opens-path", reads=KerasConfig, severity=Severity.HIGH, advisories=("CVE-2025-12058",))
def opens_path(config: KerasConfig) -> Iterator[Hit]:
    """A layer of this Keras model reads a file or URL that the model chose.

    Lookup layers take their vocabulary from any path or address when it is a text.
    """
    for found in config.objects():
        for path, item in strict_json.objects(found.config):
            for key in PATH_FIELDS:
                value = item.get(key)
                if isinstance(value, str) and value and not (path and "class_name" in item):
                    severity = Severity.HIGH if re.match(r"/|~|\.\.|[A-Za-z][\w+.-]*:|\\", value) else Severity.MEDIUM
                    yield Hit(
                        at=config.at, saw=f"{key}={value[:160]!r} at {found.path}", remedy=REMEDY, severity=severity
                    )
            if path and "class_name" in item:
                break


@check("keras-calls-file-operator", reads=KerasConfig, severity=Severity.HIGH)
def file_operator(config: KerasConfig) -> Iterator[Hit]:
    """A TensorFlow function inside this Keras model reads or writes files, or is no function on tensors."""
    for found in config.objects():
        if found.class_name.rpartition(">")[2] in (
            "TFOpLambda",
            "TensorFlowOpLayer",
            "SlicingOpLambda",
            "ClassMethod",
            "InstanceMethod",
        ):
            reference = isinstance(found.config, dict) and found.config.get("cls_ref", found.config.get("cls_symbol"))
            if isinstance(reference, str) and not reference.endswith(("Tensor", "TensorArray")):
                yield Hit(at=config.at, saw=f"method of {reference[:120]} at {found.path}", remedy=REMEDY)
            for text in _texts(found.config):
                if FILE_OPERATORS.search(text) or re.search(r"\b(ReadFile|WriteFile|PyFunc|EagerPyFunc)\b", text):
                    yield Hit(at=config.at, saw=f"{text[:120]} at {found.path}", remedy=REMEDY)
    for path, item in strict_json.objects(config.value):
        stream = item.get("output_stream")
        if isinstance(stream, str) and "://" in stream:
            yield Hit(at=config.at, saw=f"prints to {stream[:120]} at {strict_json.dotted(path)}", remedy=REMEDY)


def _texts(value: Any) -> Iterator[str]:
    for _, item in strict_json.objects({"": value}):
        yield from (text for text in item.values() if isinstance(text, str))


@check("hdf5-leaves-file", reads=Hdf5Outside, severity=Severity.HIGH, advisories=("CVE-2026-1669",))
def leaves_file(found: Hdf5Outside) -> Iterator[Hit]:
    """This HDF5 file makes its reader open another file.

    External links, external storage and virtual datasets put the content of any readable file among the weights.
    """
    yield Hit(at=found.at, saw=f"{found.kind} at {found.path}: {found.target[:160]!r}", remedy=REMEDY)


@check("hdf5-shape-bomb", reads=Hdf5, severity=Severity.MEDIUM, advisories=("CVE-2026-0897",))
def shape_bomb(file: Hdf5) -> Iterator[Hit]:
    """A dataset in this HDF5 file claims a size that would use up the reader's memory."""
    for saw in file.bombs[:5]:
        yield Hit(at=file.at, saw=saw, remedy=REMEDY)


@check("hdf5-cut", reads=Hdf5, severity=Severity.LOW)
def cut(file: Hdf5) -> Iterator[Hit]:
    """This HDF5 file is shorter than its own head says."""
    if file.cut:
        yield Hit(at=file.at, saw=file.cut, remedy="Download it again and compare its digest.")


CHECKS = (runs_lambda, loads_foreign, imports_module, opens_path, file_operator, leaves_file, shape_bomb, cut)
