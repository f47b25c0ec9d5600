"""Files of bare numbers: no reader knows them, because another file says what is in them.

ONNX external data, OpenVINO weights, TensorFlow variables, Paddle parameters, Core ML weights and
TensorStore chunks. A loader maps these bytes as numbers, whatever they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.core.finding import Place
from ossmodelkit.core.source import Source
from ossmodelkit.formats import onnx
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.repository_views import RawTensors
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.foundation.limits import Budget

VARIABLES = re.compile(r"(.*)\.data-\d{5}-of-\d{5}")
PAIRS = ((".bin", ".xml", "OpenVINO"), (".pdiparams", ".pdmodel", "Paddle"), (".pdiparams", ".json", "Paddle"))


def read(source: Source, budget: Budget) -> Iterator[RawTensors]:
    """One view for every such file, and the name of the file that describes it."""
    names = {entry.name: entry.size for entry in source.inventory.entries if entry.kind is EntryKind.FILE}
    for name in names:
        described = _described(name, names)
        if described:
            yield RawTensors(at=Place(path=name), read_by=described)
    for name, size in names.items():
        if name.endswith(".onnx"):
            for other in _external(source, name, size, budget):
                if other in names and not other.endswith(".onnx"):
                    yield RawTensors(at=Place(path=other), read_by=name)


def folders_above(name: str) -> Iterator[str]:
    """Every folder that a file lies in, up to the root; a hostile listing may hold absolute names."""
    while (above := dirname(name)) != name:
        yield above
        name = above


def _described(name: str, names: dict[str, int]) -> str:
    for ending, partner, _ in PAIRS:
        if name.endswith(ending) and name.removesuffix(ending) + partner in names:
            return name.removesuffix(ending) + partner
    variables = VARIABLES.fullmatch(name)
    if variables and f"{variables.group(1)}.index" in names:
        return f"{variables.group(1)}.index"
    if name.endswith("weights/weight.bin"):
        models = [other for other in names if other.endswith(".mlmodel") and dirname(other) == dirname(dirname(name))]
        return models[0] if models else ""
    for folder in folders_above(name):
        if join(folder, "manifest.ocdbt") in names and re.search(r"(^|/)d/[0-9a-f]{32}$", name):
            return join(folder, "manifest.ocdbt")
        for meta in (".zarray", "zarr.json"):
            if join(folder, meta) in names and re.fullmatch(r"(c/)?[\d./]+", name[len(folder) :].strip("/")):
                return join(folder, meta)
    return ""


def _external(source: Source, name: str, size: int, budget: Budget) -> set[str]:
    """Files beside an ONNX model that its tensors are read from."""
    found: set[str] = set()
    try:
        with source.open(name) as stream:
            blob = Blob(at=Place(path=name), stream=stream, size=size)
            for view in onnx.read(blob, budget) if onnx.accepts(blob) else ():
                if isinstance(view, onnx.Onnx):
                    found |= {normpath(join(dirname(name), one.location)) for one in view.external}
    except KitError:
        pass  # the reading of the file itself has told this
    return found
