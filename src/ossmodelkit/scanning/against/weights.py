"""Which files hold the weights that a loader would take, and the tensors in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ossmodelkit.core.artifact import Entry
from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.source import Source, read_small
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.tensors import Tensor, tensors_of
from ossmodelkit.foundation.errors import KitError, UnreadableError
from ossmodelkit.scanning.entry import Limits

# In the order in which transformers and diffusers look; what comes later in a folder is left out.
FAMILIES = ((".safetensors",), (".bin", ".pt", ".pth", ".ckpt"), (".gguf",))
WHOLE = ("model", "pytorch_model", "diffusion_pytorch_model")
ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")
# What a trainer keeps beside the weights to go on from: optimizer, scheduler, random numbers, arguments.
STATE = re.compile(r"(optimizer|scheduler|scaler|rng_state.*|random_states.*|training_args|.*_optim_states)\.\w+")
ASIDE = re.compile(r"(checkpoint-\d+|original|onnx|openvino|runs)(/|$)")
LARGEST_INDEX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Tensors by name; those of an adapter apart. `left_out` names files of weights that were not compared."""

    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    adapter: Mapping[str, Tensor] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def read_weights(source: Source) -> Weights:
    """The tables of all files of weights that a loader would take; what cannot be read is a gap."""
    entries = {entry.name: entry for entry in source.inventory.payload}
    if len(entries) == 1:
        return _tables(source, list(entries.values()), [], ())
    adapters = [entries[name] for name in ADAPTERS if name in entries][:1]
    taken: list[Entry] = []
    held = [name for name in entries if _holds_weights(name)]
    gaps: list[Gap] = []
    for folder in sorted({name.rpartition("/")[0] for name in held}):
        if not ASIDE.match(folder):
            inside = [name for name in held if name.rpartition("/")[0] == folder]
            for name in _choose(source, folder, inside):
                if name in entries:
                    taken.append(entries[name])
                else:
                    gaps.append(Gap(at=Place(path=name), reason="an index names this file, and it is not there"))
    return _tables(source, taken, adapters, tuple(name for name in held if entries[name] not in taken), gaps)


def _holds_weights(name: str) -> bool:
    own = name.rpartition("/")[2]
    return own.endswith(sum(FAMILIES, ())) and not STATE.fullmatch(own) and name not in ADAPTERS


def _choose(source: Source, folder: str, names: list[str]) -> list[str]:
    """The files of one folder that a loader takes."""
    start = f"{folder}/" if folder else ""
    for suffixes in FAMILIES:
        own = sorted(name for name in names if name.endswith(suffixes))
        for stem in WHOLE if own else ():
            for suffix in suffixes:
                if f"{start}{stem}{suffix}" in own:
                    return [f"{start}{stem}{suffix}"]
                if shards := _index(source, f"{start}{stem}{suffix}.index.json"):
                    return [start + shard for shard in shards]
        if own:
            return own
    return []


def _index(source: Source, name: str) -> list[str]:
    data = read_small(source, name, LARGEST_INDEX)
    if data is None:
        return []
    try:
        value: Any = strict_json.parse(data).value
        return sorted({shard for shard in value["weight_map"].values() if isinstance(shard, str)})
    except (UnreadableError, KeyError, TypeError, AttributeError):
        return []


def _tables(
    source: Source, files: list[Entry], adapters: list[Entry], left_out: tuple[str, ...], gaps: Iterable[Gap] = ()
) -> Weights:
    noted = list(gaps)
    return Weights(
        tensors=_merged(source, files, noted),
        adapter=_merged(source, adapters, noted),
        left_out=left_out,
        gaps=tuple(noted),
    )


def _merged(source: Source, files: Iterable[Entry], gaps: list[Gap]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for entry in files:
        folder = entry.name.rpartition("/")[0]
        for tensor in _table(source, entry, gaps):
            name = f"{folder}/{tensor.name}" if folder else tensor.name
            if name in found:
                reason = f"tensor {name!r} stands in {found[name].file} as well; give the file itself"
                gaps.append(Gap(at=Place(path=entry.name), reason=reason))
                break
            found[name] = tensor
    return found


def _table(source: Source, entry: Entry, gaps: list[Gap]) -> Iterator[Tensor]:
    at = Place(path=entry.name)
    try:
        with source.open(entry.name) as stream:
            table = tensors_of(Blob(at=at, stream=stream, size=entry.size), Limits().budget())
    except KitError as error:
        gaps.append(Gap(at=at, reason=error.message, remedy=error.hint))
        return
    except Exception as error:
        gaps.append(Gap(at=at, reason=f"its tensors cannot be found: {type(error).__name__}: {error}"[:300]))
        return
    if table is None:
        gaps.append(Gap(at=at, reason="holds no tensors in a form that can be compared"))
    yield from table or ()
