"""What a model's files say to a loader together: code it would import, places it would be sent to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReference:
    """A field that makes a loader import Python.

    `repository` is the other repository the code comes from, empty for this one; `found` says whether
    the file is among those that were read. `dotted` names an installed module instead of a file.
    """

    at: Place
    field: str
    value: str
    repository: str = ""
    found: bool = False
    dotted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreachedPython:
    """A Python file that no loader field leads to."""

    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolicLink:
    """A link in the model; `outside` when it leads out of the folder."""

    at: Place
    target: str
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OddName:
    """A file name that deceives the eye or the file system."""

    at: Place
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightIndex:
    """Names of shards that an index file sends its loader to."""

    at: Place
    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterConfig:
    """A PEFT `adapter_config.json`, and the folders that the model itself holds."""

    at: Place
    value: dict[str, Any]
    folders: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFlag:
    """A field by which the model itself asks a loader to run remote code."""

    at: Place
    field: str
    obeyed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTensors:
    """A file of bare numbers that another file of the model describes and a loader maps as such."""

    at: Place
    read_by: str
