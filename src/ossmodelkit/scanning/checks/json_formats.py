"""JSON of model formats: exported programs of torch, symbols of MXNet, arrays of Zarr."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.json_documents import JsonDocument
from ossmodelkit.scanning.python_reach import deeds

REMEDY = "Do not load it; ask the publisher for the weights, and build or export the model yourself."
MARKS = frozenset({"graph_module", "opset_version", "schema_version"})
# Sizes are arithmetic over symbols: sympy's classes, and the few functions that are written small.
CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
SYMBOL = re.compile(r"'\w*'")
SMALL = frozenset(
    {"ceiling", "floor", "sqrt", "log", "exp", "sign", "cos", "sin", "tan", "log2", "cosh", "sinh", "tanh"}
)
REACHES = re.compile(r"__|\blambda\b|[\w\])]\s*\.\s*[A-Za-z_]|[\"'`;{}@]")
# `torch/_export/serde/serialize.py` looks a target up by its path, part for part.
TARGETS = re.compile(
    r"(#?torch\.ops\.|_?operator\.[a-z]\w*$|math\.[a-z]\w*$|builtins\.(max|min|abs|round|pow|sum|int|float|bool|len)$|torch\.sym_\w+$"
    r"|torch\._sym_\w+$|torch\.utils\._sympy\.|torch\._higher_order_ops\.|torch\._C\._(set_grad_enabled|functorch)|torch\.amp\.|torch\.fx\."
    r"|torch\._check\w*$|torch\.(float|int|bool)\w*$|torch\.autograd\.function\.|torch\._functorch\.|torch\.export\.|call_torchbind)"
)


@check("exported-program-runs-code", reads=JsonDocument, severity=Severity.CRITICAL)
def exported_program_runs_code(document: JsonDocument) -> Iterator[Hit]:
    """This exported torch program holds a text that runs Python when the program is loaded.

    torch reads symbolic sizes with `sympify`, which evaluates them, and looks operators up by a dotted path.
    """
    if not (isinstance(document.value, dict) and len(MARKS & document.value.keys()) > 1):
        return
    for path, item in strict_json.objects(document.value):
        for key, text in _texts(item):
            if _is_wrong(key, text):
                saw = f"{strict_json.dotted((*path, key))}: {text}"
                yield Hit(at=document.at, saw=saw[:200], remedy=REMEDY)


def _texts(item: dict[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in item.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield key, text


def _is_wrong(key: str, text: str) -> bool:
    if key == "expr_str":
        plain = SYMBOL.sub("", text)
        calls = CALLED.findall(plain)
        return bool(REACHES.search(plain)) or any(not name[0].isupper() and name not in SMALL for name in calls)
    if key == "guards_code":
        return _acts(text)
    return key == "target" and "." in text and TARGETS.match(text) is None


def _acts(text: str) -> bool:
    try:
        return any(deed.severity.rank >= Severity.HIGH.rank for deed in deeds(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


@check("mxnet-custom-operator", reads=JsonDocument, severity=Severity.MEDIUM)
def mxnet_custom_operator(document: JsonDocument) -> Iterator[Hit]:
    """This MXNet network calls an operator that Python code of its reader has to bring along."""
    value = document.value
    if isinstance(value, dict) and {"nodes", "heads", "arg_nodes"} <= value.keys() and isinstance(value["nodes"], list):
        for node in value["nodes"]:
            if isinstance(node, dict) and node.get("op") == "Custom":
                saw = str((node.get("attrs") or node.get("param") or {}).get("op_type", node.get("name")))
                yield Hit(at=document.at, saw=f"Custom: {saw[:120]}", remedy=REMEDY)


CODECS = frozenset({
    "blosc", "zlib", "gzip", "bz2", "lzma", "zstd", "lz4", "snappy", "zfpy", "pcodec", "delta", "fixedscaleoffset",
    "quantize", "packbits", "vlen-utf8", "vlen-bytes", "vlen-array", "categorize", "astype", "shuffle", "json2",
    "msgpack2", "crc32", "crc32c", "adler32", "fletcher32", "jenkins_lookup3", "bitround", "base64", "n5_wrapper",
    "bytes", "transpose", "sharding_indexed", "endian",
})  # fmt: skip


@check("zarr-unknown-codec", reads=JsonDocument, severity=Severity.MEDIUM)
def zarr_unknown_codec(document: JsonDocument) -> Iterator[Hit]:
    """This Zarr array is decoded by code that can do more than compute: `pickle`, or a stranger's codec.

    The reader looks a codec up by its name and hands it every chunk.
    """
    value = document.value
    if not (isinstance(value, dict) and "zarr_format" in value):
        return
    named = [value.get("compressor"), *(value.get("filters") or ()), *(value.get("codecs") or ())]
    for codec in named:
        name = str(codec.get("id", codec.get("name", ""))) if isinstance(codec, dict) else ""
        if name and name.removeprefix("numcodecs.") not in CODECS:
            yield Hit(at=document.at, saw=f"codec {name[:120]!r}", remedy=REMEDY)


CHECKS = (exported_program_runs_code, mxnet_custom_operator, zarr_unknown_codec)
