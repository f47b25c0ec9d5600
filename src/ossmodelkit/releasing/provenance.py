"""How these bytes came to be: an in-toto statement with SLSA provenance v1 of the training run.

Source: slsa.dev/provenance/v1. What nobody recorded is named as unknown, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ossmodelkit import __version__
from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.releasing.dossier import SHA256, Dossier
from ossmodelkit.releasing.index import dump
from ossmodelkit.releasing.manifest import STATEMENT
from ossmodelkit.releasing.owed import parent_name
from ossmodelkit.releasing.runs import datasets, environment

BUILD_TYPE = "urn:ossmodelkit:build:finetune:v1"


def statement(dossier: Dossier) -> bytes:
    """The statement about the run that made these bytes; empty when no run of ours did."""
    run = dossier.record(Kind.FINETUNE)
    if run is None:
        return b""
    inputs = list(_inputs(dossier))
    return dump(
        {
            "_type": STATEMENT,
            "subject": [{"name": dossier.words.name or "model", "digest": {"sha256": dossier.sha256}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": {"plan": run.details.get("plan") or {"method": run.details.get("method")}},
                    "internalParameters": {"seed": run.details.get("seed"), "hardware": run.details.get("hardware")},
                    "resolvedDependencies": [one for one in inputs if one.get("digest")] + _libraries(dossier),
                },
                "runDetails": {
                    "builder": {"id": f"urn:ossmodelkit:trainer:{__version__}", "version": {"ossmodelkit": run.tool}},
                    "metadata": {"invocationId": run.details.get("record_sha256"), "finishedOn": to_wire(run.created)},
                    "byproducts": _unknown(run, inputs),
                },
            },
        }
    )


def _inputs(dossier: Dossier) -> Any:
    for parent in dossier.parents:
        digest = {"sha256": parent.sha256} if parent.sha256 else {"gitCommit": parent.revision} if parent.pinned else {}
        yield {"name": parent_name(parent.ref, parent.sha256), "digest": digest, "annotations": {"role": "base"}}
    for name, facts in datasets(dossier):
        yield {"name": name, "digest": _digest(facts), "annotations": {"role": "data"}}


def _digest(facts: Mapping[str, Any]) -> dict[str, str]:
    found = facts.get("sha256") or facts.get("digest")
    return {"sha256": found} if isinstance(found, str) and SHA256.fullmatch(found) else {}


def _libraries(dossier: Dossier) -> list[dict[str, Any]]:
    return [
        {"name": name, "uri": f"pkg:pypi/{name}@{version}", "annotations": {"role": "library"}}
        for name, version in environment(dossier).items()
    ]


def _unknown(run: Evidence, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    absent = [str(one["name"]) for one in inputs if not one.get("digest")]
    absent += [name for name in ("environment", "hardware", "seed") if run.details.get(name) in (None, "", {})]
    return [{"name": f"unknown: {name}"} for name in absent]
