"""A model's files together: code it makes a loader import, and places it sends a loader to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.repository_views import (
    AdapterConfig,
    CodeReference,
    OddName,
    SymbolicLink,
    TrustFlag,
    WeightIndex,
)
from ossmodelkit.scanning.paths import leaves_folder
from ossmodelkit.scanning.tables import Reach, reach_of

CODE_REMEDY = "Load it without trust_remote_code, or read the code first and pin the revision."
PATH_REMEDY = "Do not load it; ask the publisher for files that stay inside the model's folder."
PARENTS = frozenset(
    {"transformers", "diffusers", "timm", "sentence_transformers", "torch", "torchvision", "peft", "keras"}
)


@check("needs-remote-code", reads=CodeReference, severity=Severity.INFO)
def needs_remote_code(reference: CodeReference) -> Iterator[Hit]:
    """Loading this model fully needs `trust_remote_code`: the code lies in the model and was read."""
    if reference.found:
        yield Hit(at=reference.at, saw=f"{reference.field} = {reference.value}", remedy=CODE_REMEDY)


@check("code-from-elsewhere", reads=CodeReference, severity=Severity.MEDIUM)
def code_from_elsewhere(reference: CodeReference) -> Iterator[Hit]:
    """Loading this model imports code that is not in it.

    The code of another repository can change at any time, and nobody has looked at it here. A dotted
    name is imported from whatever is installed.
    """
    if reference.found:
        return
    saw = f"{reference.field} = {reference.value}"
    if reference.repository or not reference.dotted:
        yield Hit(at=reference.at, saw=saw, remedy=CODE_REMEDY)
        return
    reach = reach_of(reference.value)
    if reach is not Reach.KNOWN:
        severity = Severity.CRITICAL if reach is Reach.DENIED else Severity.MEDIUM
        yield Hit(at=reference.at, saw=saw, remedy=CODE_REMEDY, severity=severity)


@check("asks-for-trust", reads=TrustFlag, severity=Severity.HIGH)
def asks_for_trust(flag: TrustFlag) -> Iterator[Hit]:
    """This model's own configuration turns on remote code for whoever loads it.

    Whether foreign code may run is the reader's decision, not the file's.
    """
    severity = None if flag.obeyed else Severity.LOW
    yield Hit(at=flag.at, saw=f"{flag.field} = true", remedy="Set it to false before loading.", severity=severity)


@check("adapter-redirects", reads=AdapterConfig, severity=Severity.MEDIUM)
def adapter_redirects(adapter: AdapterConfig) -> Iterator[Hit]:
    """This adapter sends its loader to a base model or tokenizer in an unexpected place.

    A relative path or URL makes the loader open whatever lies there, with code and pickles of its own.
    """
    for key in (
        "base_model_name_or_path",
        "tokenizer_name_or_path",
        "encoder_name_or_path",
        "init_from",
        "corda_config.cache_file",
    ):
        value = adapter.value.get(key)
        if not isinstance(value, str) or not value:
            continue
        relative = (
            value.startswith(("./", "../", ".\\", "..\\")) or value in (".", "..") or ".." in re.split(r"[\\/]", value)
        )
        if relative or re.match(r"[A-Za-z][\w+.-]*://|\\\\|//", value) or value.strip("/") in adapter.folders:
            yield Hit(
                at=adapter.at, saw=f"{key} = {value[:160]}", remedy="Load the adapter onto a base that you chose."
            )


@check("adapter-imports-module", reads=AdapterConfig, severity=Severity.CRITICAL)
def adapter_imports(adapter: AdapterConfig) -> Iterator[Hit]:
    """This adapter names a module that PEFT would import.

    `auto_mapping.parent_library` and `megatron_core` are passed to `importlib.import_module`.
    """
    mapping = adapter.value.get("auto_mapping")
    library = mapping.get("parent_library") if isinstance(mapping, dict) else None
    if isinstance(library, str) and library.partition(".")[0] not in PARENTS:
        denied = reach_of(library) is Reach.DENIED
        severity = Severity.CRITICAL if denied else Severity.MEDIUM
        if library != "__main__" or denied:
            yield Hit(
                at=adapter.at,
                saw=f"auto_mapping.parent_library = {library[:120]}",
                remedy=CODE_REMEDY,
                severity=severity,
            )
    core = adapter.value.get("megatron_core")
    if isinstance(core, str) and core not in ("megatron.core", ""):
        yield Hit(at=adapter.at, saw=f"megatron_core = {core[:120]}", remedy=CODE_REMEDY)
    for path, item in strict_json.objects(adapter.value):
        for key in ("module_class", "custom_module", "_custom_modules"):
            if isinstance(item.get(key), str) and "." in item[key] and reach_of(item[key]) is not Reach.KNOWN:
                yield Hit(
                    at=adapter.at, saw=f"{strict_json.dotted((*path, key))} = {item[key][:120]}", remedy=CODE_REMEDY
                )


@check("index-points-outside", reads=WeightIndex, severity=Severity.HIGH)
def index_points_outside(index: WeightIndex) -> Iterator[Hit]:
    """A weight index sends its loader to a file outside of the model's folder."""
    for shard in index.shards:
        if leaves_folder(shard):
            yield Hit(at=index.at, saw=shard[:200], remedy=PATH_REMEDY)


@check("index-names-pickle", reads=WeightIndex, severity=Severity.MEDIUM)
def index_names_pickle(index: WeightIndex) -> Iterator[Hit]:
    """An index of safetensors shards sends its loader to files of another kind."""
    if "safetensors" in basename(index.at.path):
        for shard in index.shards:
            if not shard.endswith(".safetensors") and not leaves_folder(shard):
                yield Hit(at=index.at, saw=shard[:200], remedy=PATH_REMEDY)


@check("link-leaves-folder", reads=SymbolicLink, severity=Severity.MEDIUM)
def link_leaves_folder(link: SymbolicLink) -> Iterator[Hit]:
    """A symbolic link leads out of the model's folder.

    Whoever copies, uploads or loads the model reads the target in its place.
    """
    if link.outside:
        yield Hit(at=link.at, saw=f"→ {link.target[:200]}", remedy=PATH_REMEDY)


@check("name-deceives", reads=OddName, severity=Severity.HIGH)
def name_deceives(name: OddName) -> Iterator[Hit]:
    """A file name in this model leads elsewhere or hides what it is."""
    yield Hit(at=name.at, saw=name.why, remedy=PATH_REMEDY)


CHECKS = (
    needs_remote_code,
    code_from_elsewhere,
    asks_for_trust,
    adapter_redirects,
    adapter_imports,
    index_points_outside,
    index_names_pickle,
    link_leaves_folder,
    name_deceives,
)
