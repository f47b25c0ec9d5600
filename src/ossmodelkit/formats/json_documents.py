"""JSON documents, and the views that their shape tells: templates, Keras models, skops schemas."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats import onnx_json, strict_json
from ossmodelkit.formats.keras import KerasConfig
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.repository_views import WeightIndex
from ossmodelkit.formats.templates import FIELDS, LIKE_A_TEMPLATE, climbs, in_value
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

# Documents that loaders parse by name: when such a one is broken, somebody should know.
LOADED_BY_NAME = frozenset({"config.json", "tokenizer_config.json", "adapter_config.json", "model_index.json"})
TORCHSERVE = "MAR-INF/MANIFEST.json"
SENTENCE_TRANSFORMERS = "modules.json"
COMMENTED = (".json5", ".jsonc", ".hjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonDocument:
    """A parsed JSON text, and the keys that are in it twice."""

    at: Place
    value: Any
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SkopsNode:
    """One object of a skops schema: the type that loading would build, and how."""

    at: Place
    path: str
    module: str
    name: str
    loader: str


def views(blob: Blob, text: str, budget: Budget) -> Iterator[object]:
    """The document itself, and what a loader would find in it."""
    try:
        parsed = (strict_json.parse_relaxed if blob.name.endswith(COMMENTED) else strict_json.parse)(text)
    except UnreadableError as error:
        if blob.name in LOADED_BY_NAME or "nested" in error.message:
            yield Gap(at=blob.at, reason=error.message, remedy="ask the publisher for a valid file")
        return
    yield JsonDocument(at=blob.at, value=parsed.value, duplicates=parsed.duplicates)
    if blob.at.members[-1:] == (TORCHSERVE,):
        yield _parts_of_torchserve(blob.at, parsed.value)
    if blob.name == SENTENCE_TRANSFORMERS:
        yield _folders_of_modules(blob.at, parsed.value)
    yield from onnx_json.views(blob.at, parsed.value)
    yield from meaning(blob.at, parsed.value, budget)


def _pickle_in(written: str, at: Place, path: str, budget: Budget) -> Iterator[object]:
    """The pickle that Stable Baselines keeps as base64 text, and loads."""
    budget.spend_bytes(len(written))
    try:
        data = b64decode(written)
    except ValueError:
        yield Gap(at=at, reason=f"{path} holds a pickle that cannot be decoded")
        return
    inner = Place(path=at.path, members=(*at.members, path or ":serialized:"))
    yield Blob(at=inner, stream=BytesIO(data), size=len(data))


def meaning(at: Place, value: Any, budget: Budget) -> Iterator[object]:
    """Templates, Keras objects and skops nodes inside a JSON value."""
    keras = False
    for count, (path, item) in enumerate(strict_json.objects(value)):
        if count % 4096 == 0:
            budget.check_time()
        for key, inner in item.items():
            renders = isinstance(inner, str) and LIKE_A_TEMPLATE.fullmatch(key) and climbs(inner)
            if key in FIELDS or renders:
                yield from in_value(inner, at, strict_json.dotted((*path, key)))
        if isinstance(written := item.get(":serialized:"), str):
            yield from _pickle_in(written, at, strict_json.dotted(path), budget)
        if "__loader__" in item and "__module__" in item:
            yield SkopsNode(
                at=at,
                path=strict_json.dotted(path) or "schema",
                module=str(item["__module__"]),
                name=str(item.get("__class__", "")),
                loader=str(item["__loader__"]),
            )
        if isinstance(item.get("weightsManifest"), list):
            yield _weights_of_tfjs(at, item["weightsManifest"])
        if isinstance(item.get("itemInfoEntries"), dict):
            yield _items_of_core_ml(at, item["itemInfoEntries"])
        if isinstance(item.get("path_name"), str) and "use_pickle" in item:  # torch.export's list of weights
            yield WeightIndex(at=at, shards=(item["path_name"],))
        keras = keras or ("class_name" in item and "config" in item)
    if keras:
        yield KerasConfig(at=at, origin="", value=value)


def _weights_of_tfjs(at: Place, groups: list[Any]) -> WeightIndex:
    """TensorFlow.js: the files that hold the weights, relative to `model.json`."""
    lists = [group.get("paths") for group in groups if isinstance(group, dict)]
    return WeightIndex(at=at, shards=tuple(str(path) for paths in lists if isinstance(paths, list) for path in paths))


def _items_of_core_ml(at: Place, items: dict[str, Any]) -> WeightIndex:
    """Core ML: the parts of an `.mlpackage`, relative to its folder `Data`."""
    paths = [item.get("path") for item in items.values() if isinstance(item, dict)]
    return WeightIndex(at=at, shards=tuple(path for path in paths if isinstance(path, str)))


def _parts_of_torchserve(at: Place, value: Any) -> WeightIndex:
    """TorchServe: the handler, weights and other files of a `.mar`, by name; a handler may be `file.py:function`."""
    model = value.get("model") if isinstance(value, dict) else None
    parts = [part for part in model.values() if isinstance(part, str)] if isinstance(model, dict) else []
    return WeightIndex(at=at, shards=tuple(re.sub(r"(\.py):\w+$", r"\1", part) for part in parts))


def _folders_of_modules(at: Place, value: Any) -> WeightIndex:
    """sentence-transformers: the folder of each module, joined to the model's own; the model itself has the path ""."""
    paths = [item.get("path") for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return WeightIndex(at=at, shards=tuple(path for path in paths if isinstance(path, str) and path))
