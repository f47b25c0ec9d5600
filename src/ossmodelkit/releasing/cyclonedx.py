"""The bill of materials as CycloneDX 1.6 or 1.7, with a model card inside.

Source: CycloneDX specification, bom-1.6.schema.json. The same dossier gives the same bytes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ossmodelkit import __version__
from ossmodelkit.releasing.card import numbers, scores, validator
from ossmodelkit.releasing.card.numbers import config
from ossmodelkit.releasing.dossier import Dossier, ParentFact
from ossmodelkit.releasing.runs import datasets, environment

VERSIONS = ("1.6", "1.7")
MODEL = "model"
NAMESPACE = uuid.UUID("6a0d9a52-6a0c-5e5e-9c8f-3f1c1d3d2b10")


def build(dossier: Dossier, *, version: str = "1.6") -> bytes:
    """The document as JSON; time and serial number come from the dossier."""
    if version not in VERSIONS:
        version = VERSIONS[0]
    files = [_file(name, fact.sha256, fact.bytes) for name, fact in sorted(dossier.files.items())]
    data = [_dataset(name, facts) for name, facts in datasets(dossier)]
    libraries = [_library(name, release) for name, release in environment(dossier).items()]
    serial = uuid.uuid5(NAMESPACE, f"{dossier.sha256} {dossier.words.name} {dossier.created.isoformat()}")
    return _dump(
        {
            "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": version,
            "serialNumber": f"urn:uuid:{serial}",
            "version": 1,
            "metadata": {
                "timestamp": dossier.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "tools": {"components": [{"type": "application", "name": "ossmodelkit", "version": __version__}]},
                "component": _model(dossier, [component["bom-ref"] for component in data]),
            },
            "components": [*files, *data, *libraries],
            "dependencies": [
                {"ref": MODEL, "dependsOn": [component["bom-ref"] for component in (*files, *data, *libraries)]}
            ],
            "compositions": [
                {"aggregate": "complete", "assemblies": [component["bom-ref"] for component in files]},
                {"aggregate": "incomplete" if libraries else "unknown", "dependencies": [MODEL]},
            ],
        }
    )


def license_entry(license_id: str) -> dict[str, Any]:
    """How CycloneDX names a license: by its SPDX identifier where it has one."""
    spdx = validator.hub()["spdx"].get(license_id)
    return {"license": {"id": spdx} if spdx else {"name": license_id}}


def package_url(parent: ParentFact) -> str:
    """The purl of a parent on the hub; empty for a local one."""
    ref = parent.ref.removeprefix("hub:")
    owner, slash, name = ref.partition("/")
    if (
        not slash
        or "/" in name
        or owner in ("", ".", "..")
        or not validator.REPOSITORY.fullmatch(ref.partition("@")[0])
    ):
        return ""
    name, _, revision = name.partition("@")
    revision = parent.revision or revision
    return f"pkg:huggingface/{owner}/{name}" + (f"@{revision.lower()}" if revision else "")


def _model(dossier: Dossier, data_refs: list[str]) -> dict[str, Any]:
    words = dossier.words
    facts = [
        ("ossmodelkit:payload-sha256", dossier.sha256),
        ("ossmodelkit:license", dossier.license_id),
        *((f"ossmodelkit:{key.replace(' ', '-')}", str(value)) for key, value in numbers.architecture(dossier).items()),
    ]
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": words.name or "model",
        "version": words.version,
        "description": words.intended_use,
        "publisher": words.owner,
        "licenses": [license_entry(dossier.license_id)] if dossier.license_id else [],
        "pedigree": {"ancestors": [_ancestor(parent) for parent in dossier.parents]} if dossier.parents else {},
        "modelCard": _card(dossier, data_refs),
        "properties": [{"name": name, "value": value} for name, value in facts if value],
    }
    return {key: value for key, value in component.items() if value}


def _card(dossier: Dossier, data_refs: list[str]) -> dict[str, Any]:
    words = dossier.words
    parameters: dict[str, Any] = {
        "approach": {"type": "supervised"} if dossier.was_trained else {},
        "task": words.pipeline,
        "architectureFamily": str(config(dossier).get("model_type") or ""),
        "modelArchitecture": str(next(iter(config(dossier).get("architectures") or ()), "")),
        "datasets": [{"ref": ref} for ref in data_refs],
    }
    considerations = {
        "users": [words.users] if words.users else [],
        "useCases": [text for text in (words.intended_use,) if text],
        "technicalLimitations": [text for text in (words.limitations, words.out_of_scope) if text],
    }
    metrics = [_metric(score) for score in scores.scores(dossier)]
    card = {
        "modelParameters": {key: value for key, value in parameters.items() if value},
        "quantitativeAnalysis": {"performanceMetrics": metrics} if metrics else {},
        "considerations": {key: value for key, value in considerations.items() if value},
    }
    return {key: value for key, value in card.items() if value}


def _metric(score: scores.Score) -> dict[str, Any]:
    metric: dict[str, Any] = {"type": score.metric, "value": repr(score.value)}
    if score.slice or score.task or score.dataset:
        metric["slice"] = score.slice or score.task or score.dataset
    if score.interval:
        metric["confidenceInterval"] = {"lowerBound": repr(score.interval[0]), "upperBound": repr(score.interval[1])}
    return metric


def _ancestor(parent: ParentFact) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "machine-learning-model",
        "name": parent.ref or parent.sha256,
        "version": parent.revision,
        "purl": package_url(parent),
        "licenses": [license_entry(parent.license.lower())] if parent.license else [],
        "properties": [
            {"name": name, "value": value}
            for name, value in (
                ("ossmodelkit:relation", parent.relation.value),
                ("ossmodelkit:payload-sha256", parent.sha256),
            )
            if value
        ],
    }
    return {key: value for key, value in found.items() if value}


def _file(name: str, sha256: str, size: int) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"file:{name}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
        "properties": [{"name": "ossmodelkit:bytes", "value": str(size)}],
    }


def _dataset(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    licensed = str(facts.get("license") or "")
    kept = {key: facts[key] for key in ("sha256", "rows", "used_rows", "tokens", "format") if facts.get(key)}
    found: dict[str, Any] = {
        "type": "data",
        "bom-ref": f"data:{name}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": facts["sha256"]}] if _is_digest(facts.get("sha256")) else [],
        "licenses": [license_entry(licensed.lower())] if licensed else [],
        "data": [{"type": "dataset", "name": name}],
        "properties": [{"name": f"ossmodelkit:{key}", "value": str(value)} for key, value in sorted(kept.items())],
    }
    return {key: value for key, value in found.items() if value}


def _library(name: str, version: str) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": f"pkg:{name}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{quote(version, safe='')}",
    }


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64


def _dump(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
