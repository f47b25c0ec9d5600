"""What a training run was fed and what it ran on, as its record and the data records tell together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ossmodelkit.core.evidence import Kind
from ossmodelkit.releasing.dossier import SHA256, Dossier

# Of everything that was installed, what a reader wants to know; the bill of materials has the rest.
LOADERS = (
    "python", "torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors", "datasets", "bitsandbytes",
)  # fmt: skip
RELEASE = re.compile(r"\d+(?:\.\w+)+(?:[+-][\w.]+)?")


def datasets(dossier: Dossier) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The datasets of the run: a name without folders, and everything known about it."""
    found = dossier.details(Kind.FINETUNE).get("data")
    listed = found if isinstance(found, (list, tuple)) else [found] if isinstance(found, Mapping) and found else []
    for number, one in enumerate(listed):
        if isinstance(one, Mapping):
            known = _from_record(dossier, one)
            known.update({key: value for key, value in one.items() if value not in (None, "", [], {})})
            ref = str(one.get("name") or one.get("ref") or one.get("path") or f"dataset {number + 1}")
            yield ref.rstrip("/").rpartition("/")[2], known


def environment(dossier: Dossier) -> dict[str, str]:
    """Libraries of the run with their versions, sorted by name."""
    found: dict[str, str] = {}
    for name, value in _flat(dossier.details(Kind.FINETUNE).get("environment")):
        if isinstance(value, str) and RELEASE.fullmatch(value):
            found[name] = value
    return dict(sorted(found.items()))


def loaders(dossier: Dossier) -> dict[str, str]:
    """The libraries that read a model, as the run had them."""
    return {name: version for name, version in environment(dossier).items() if name in LOADERS}


def _flat(table: object) -> Iterator[tuple[str, object]]:
    if isinstance(table, Mapping):
        for name, value in table.items():
            if isinstance(value, Mapping):
                yield from _flat(value)
            else:
                yield str(name), value


def _from_record(dossier: Dossier, used: Mapping[str, Any]) -> dict[str, Any]:
    digests = {str(value) for value in used.values() if SHA256.fullmatch(str(value))}
    for record in reversed(dossier.all_of(Kind.DATA)):
        named = json.dumps(record.details, default=str)
        if record.subject.sha256 in digests or any(digest in named for digest in digests):
            licenses = record.details.get("licenses")
            known = dict(record.details)
            known.update(next((one for one in _files(record.details) if one.get("sha256") in digests), {}))
            if isinstance(licenses, Mapping) and licenses:
                known.setdefault("license", " AND ".join(sorted(map(str, licenses))))
            return known
    return {}


def _files(details: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = details.get("files")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, (list, tuple)) else []
