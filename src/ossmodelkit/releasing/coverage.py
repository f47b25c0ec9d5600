"""How complete a release's documentation is: G7 minimum elements by cluster, and the openness of its parts.

Reported as tables and never as a score: one number would hide which cluster is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ossmodelkit.core.evidence import Kind
from ossmodelkit.releasing.card import numbers, scores
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.runs import datasets, environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element: what it is, and whether it was declared, measured, verified, or is unknown."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Openness:
    """The parts of a model, each open, withheld or absent, and the class that follows."""

    components: Mapping[str, str]
    word: str


def minimum_elements(dossier: Dossier) -> dict[str, tuple[Element, ...]]:
    """The seven clusters of the G7 minimum elements (2026-05-12), each element with where it comes from."""
    words, parents = dossier.words, dossier.parents
    counted = numbers.architecture(dossier)
    return {
        "metadata": (
            _element("author", "declared", words.owner),
            _element("version", "declared", words.version),
            _element("timestamp", "measured", dossier.created),
            _element("signature", "verified", dossier.signature.state != "none"),
        ),
        "system": (
            _element("name", "declared", words.name),
            _element("intended use", "declared", words.intended_use),
            _element("serving engine", "declared", dossier.measured("serving")),
        ),
        "models": (
            _element("digest", "measured", dossier.sha256),
            _element("license", "verified" if dossier.license_facts else "declared", dossier.license_id),
            _element("parents", "measured", parents and all(parent.pinned for parent in parents)),
            _element("parameters", "measured", counted.get("parameters")),
            _element("limits", "declared", words.limitations),
        ),
        "data": (
            _element("datasets", "measured", list(datasets(dossier))),
            _element("screening", "verified", dossier.all_of(Kind.DATA)),
        ),
        "infrastructure": (
            _element("libraries", "measured", environment(dossier)),
            _element("hardware", "measured", dossier.details(Kind.FINETUNE).get("hardware")),
        ),
        "security": (
            _element("scan", "verified", dossier.record(Kind.SCAN)),
            _element("contact", "declared", words.contact),
            _element("vulnerabilities", "measured", dossier.measured("vulns")),
        ),
        "performance": (
            _element("scores", "measured", scores.scores(dossier)),
            _element("load test", "measured", dossier.record(Kind.LOADTEST) or dossier.measured("loadtest")),
            _element("energy", "measured", numbers.energy(dossier).kwh),
        ),
    }


def openness(dossier: Dossier) -> Openness:
    """The parts of the Model Openness Framework that a release can show, and the class that follows."""
    public = "public-weights" in dossier.profiles
    components = {
        "weights": "open" if public else "withheld",
        "architecture": "open" if numbers.config(dossier) or dossier.parents else "absent",
        "model card": "open",
        "evaluation results": "open" if scores.scores(dossier) else "absent",
        "training data": "withheld" if list(datasets(dossier)) else "absent",
        "training code": "absent",
    }
    word = "Class III, open model" if public and "absent" not in list(components.values())[:4] else "below Class III"
    return Openness(components=components, word=word)


def _element(name: str, origin: str, value: object) -> Element:
    return Element(name=name, origin=origin if value else "unknown")
