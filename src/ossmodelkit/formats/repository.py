"""What a model's files mean together: views that no single file can give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from typing import Any

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.source import Source
from ossmodelkit.formats import companions, loader_fields, strict_json
from ossmodelkit.formats.loader_fields import Reference
from ossmodelkit.formats.python_code import LoaderCode
from ossmodelkit.formats.python_imports import neighbors, source_text
from ossmodelkit.formats.repository_views import (
    AdapterConfig,
    CodeReference,
    OddName,
    SymbolicLink,
    TrustFlag,
    UnreachedPython,
    WeightIndex,
)
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.foundation.limits import MIB, Budget

LARGEST_CONFIG = 32 * MIB
LARGEST_CODE = 2 * MIB
CACHE_LINK = re.compile(r"(\.\./)+blobs/[0-9a-f]{40,64}")
DECEIVING = re.compile("[\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(slots=True)
class _Model:
    """The files by name, and the code found so far. Mutable by nature."""

    source: Source
    budget: Budget
    files: dict[str, int]
    reached: dict[str, str] = field(default_factory=dict)

    def data(self, name: str, limit: int) -> bytes | None:
        """A file's bytes; None when it is absent or too large."""
        size = self.files.get(name)
        if size is None or size > limit:
            return None
        self.budget.spend_bytes(size)
        with self.source.open(name) as stream:
            return stream.read(size)

    def text(self, name: str, limit: int) -> str | None:
        """A file's text; None when it is absent or too large."""
        data = self.data(name, limit)
        return None if data is None else data.decode("utf-8", "replace")

    def reach(self, name: str, because: str) -> bool:
        """Note that a loader imports `name`; whether it is there."""
        if name in self.files:
            self.reached.setdefault(name, because)
        return name in self.files


def read(source: Source, budget: Budget) -> Iterable[object]:
    """Views and gaps about the whole of `source`; called once, after its files were read."""
    entries = source.inventory.entries
    model = _Model(source, budget, {e.name: e.size for e in entries if e.kind is EntryKind.FILE})
    yield from _names(source)
    yield from _links(source)
    for name in sorted(model.files):
        base = name.rpartition("/")[2]
        if base.endswith(".json"):
            yield from _configuration(model, name, base)
        elif base == "MLmodel":
            yield from _mlflow(model, name)
    yield from _code(model)
    yield from companions.read(source, budget)


def _names(source: Source) -> Iterator[OddName]:
    for entry in source.inventory.entries:
        at = Place(path=entry.name)
        parts = entry.name.replace("\\", "/").split("/")
        if ".." in parts or entry.name.startswith("/") or re.match(r"[A-Za-z]:[\\/]", entry.name):
            yield OddName(at=at, why="leads out of the model's folder")
        elif DECEIVING.search(entry.name):
            yield OddName(at=at, why="holds characters that cannot be seen")


def _links(source: Source) -> Iterator[object]:
    known = {entry.name for entry in source.inventory.entries}
    folders = {dirname(name) for name in known}
    for entry in source.inventory.entries:
        if entry.kind is not EntryKind.SYMLINK:
            continue
        at = Place(path=entry.name)
        target = entry.why.removeprefix("-> ")
        inside = normpath(join(dirname(entry.name), target))
        if CACHE_LINK.fullmatch(target):
            yield Gap(at=at, reason="a link into a download cache was not followed", remedy="scan the files themselves")
            continue
        outside = target.startswith("/") or inside.startswith("..")
        yield SymbolicLink(at=at, target=target, outside=outside)
        if not outside and inside not in known and inside not in folders:
            yield Gap(at=at, reason=f"a link to {target!r}, which is not there")


def _configuration(model: _Model, name: str, base: str) -> Iterator[object]:
    """Everything that one JSON file tells a loader to fetch, import or trust."""
    is_index = base.endswith(".index.json")
    if not (is_index or loader_fields.LOADED.fullmatch(base)):
        return
    at = Place(path=name)
    try:
        text = model.text(name, LARGEST_CONFIG)
        value: Any = strict_json.parse(text).value if text is not None else None
    except KitError as error:
        yield Gap(at=at, reason=error.message, remedy=error.hint)
        return
    if is_index:
        yield from _index(at, value)
        return
    for reference in loader_fields.references(base, value):
        yield _resolve(model, name, at, reference)
    for path in loader_fields.trust_flags(value):
        yield TrustFlag(at=at, field=path, obeyed=base not in ("config.json", "tokenizer_config.json"))
    if base == "adapter_config.json" and isinstance(value, dict):
        folders = frozenset(part for file in model.files for part in companions.folders_above(file) if part)
        yield AdapterConfig(at=at, value=value, folders=folders)


def _index(at: Place, value: Any) -> Iterator[WeightIndex]:
    weights = value.get("weight_map") if isinstance(value, dict) else None
    if isinstance(weights, dict):
        shards = {item for item in weights.values() if isinstance(item, str)}
        yield WeightIndex(at=at, shards=tuple(sorted(shards)))


def _resolve(model: _Model, name: str, at: Place, reference: Reference) -> CodeReference:
    """Where the code of a reference lies: in this model, in another repository, or in an installed package."""
    because = f"{name}: {reference.field}"
    found = dotted = False
    if not reference.repository and not reference.installed:
        found = any(model.reach(file, because) for file in _candidates(name, reference.module))
        dotted = not found and "." in reference.value
    return CodeReference(
        at=at,
        field=reference.field,
        value=reference.value,
        repository=reference.repository,
        found=found,
        dotted=dotted or reference.installed,
    )


def _candidates(name: str, module: str) -> Iterator[str]:
    """Files that `module` may be, beside the configuration and at the root."""
    for folder in dict.fromkeys((dirname(name), "")):
        for path in dict.fromkeys((module, module.replace(".", "/"))):
            yield normpath(join(folder, f"{path}.py"))
            yield normpath(join(folder, path, "__init__.py"))
        yield normpath(join(folder, module.rpartition("/")[2] + ".py"))


def _mlflow(model: _Model, name: str) -> Iterator[object]:
    """An MLmodel file: its loader module, and code that it adds to the import path."""
    text = model.text(name, LARGEST_CONFIG) or ""
    folder = dirname(name)
    for key, value in re.findall(
        r"^\s*(loader_module|code|model_code_path|python_model):\s*[\"']?([^\s\"'#]+)", text, re.MULTILINE
    ):
        because = f"{name}: {key}"
        if key == "loader_module" and not value.startswith("mlflow."):
            for path in (value.replace(".", "/") + ".py", f"code/{value.replace('.', '/')}.py"):
                model.reach(join(folder, path), because)
        elif key in ("code", "model_code_path"):
            for file in model.files:
                if file.endswith(".py") and (file == join(folder, value) or file.startswith(join(folder, value) + "/")):
                    model.reach(file, because)
    yield from ()


def _code(model: _Model) -> Iterator[object]:
    """Python that runs, with everything it imports from beside it; then the Python that does not."""
    alone = len(model.source.inventory.entries) == 1
    for file in model.files:
        if file.endswith(".py"):
            if alone:
                model.reach(file, "the file that was named")
            elif loader_fields.IMPLICIT.fullmatch(file):
                model.reach(file, "its name")
            elif loader_fields.BUILDS_DATA.search(model.text(file, LARGEST_CODE) or ""):
                model.reach(file, "the class of a data set or metric in it")
    done: set[str] = set()
    while todo := [name for name in model.reached if name not in done]:
        for name in todo:
            done.add(name)
            yield from _one_file(model, name)
    for file in sorted(model.files):
        if file.endswith(".py") and file not in done:
            yield UnreachedPython(at=Place(path=file))


def _one_file(model: _Model, name: str) -> Iterator[object]:
    at = Place(path=name)
    data = model.data(name, LARGEST_CODE)
    if data is None:
        yield Gap(at=at, reason=f"code of more than {LARGEST_CODE} bytes is not read")
        return
    try:
        text = source_text(data)
        for neighbor in neighbors(text, name, model.files):
            model.reach(neighbor, f"imported by {name}")
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        yield Gap(at=at, reason=f"Python that cannot be parsed: {type(error).__name__}", remedy="do not run it")
        return
    yield LoaderCode(at=at, text=text, because=model.reached[name])
