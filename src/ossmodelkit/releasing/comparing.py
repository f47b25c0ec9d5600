"""What changed between two releases: files, license, scores, data, parents, checklist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ossmodelkit.releasing.card.scores import scores
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import CHECKLIST
from ossmodelkit.releasing.owed import parent_name
from ossmodelkit.releasing.runs import datasets


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: in which area, of what, and the values before and after ("" where there was none)."""

    area: str
    what: str
    before: str
    after: str


def changes(old: Dossier, new: Dossier, *, documents: bool = True) -> tuple[Change, ...]:
    """Every difference, area by area, in a fixed order; without `documents`, for a release not yet written."""
    pairs = (
        ("facts", _facts(old), _facts(new)),
        ("files", {n: f.sha256 for n, f in old.files.items()}, {n: f.sha256 for n, f in new.files.items()}),
        ("parents", _parents(old), _parents(new)),
        ("data", _data(old), _data(new)),
        ("scores", _scores(old), _scores(new)),
        ("checklist", _states(old) if documents else {}, _states(new) if documents else {}),
        ("waivers", _waivers(old), _waivers(new)),
    )
    return tuple(
        Change(area=area, what=what, before=before.get(what, ""), after=after.get(what, ""))
        for area, before, after in pairs
        for what in sorted({*before, *after})
        if before.get(what, "") != after.get(what, "")
    )


def _facts(dossier: Dossier) -> dict[str, str]:
    words = dossier.words
    return {
        "name": words.name,
        "version": words.version,
        "license": dossier.license_id,
        "profiles": ", ".join(dossier.profiles),
        "payload": dossier.sha256,
        "intended use": words.intended_use,
        "limitations": words.limitations,
        "signer": dossier.signature.signer,
    }


def _parents(dossier: Dossier) -> dict[str, str]:
    return {parent_name(p.ref, p.sha256): p.sha256 or p.revision or "not pinned" for p in dossier.parents}


def _data(dossier: Dossier) -> dict[str, str]:
    return {name: str(facts.get("sha256") or "unknown") for name, facts in datasets(dossier)}


def _scores(dossier: Dossier) -> dict[str, str]:
    found = scores(dossier)
    return {" ".join(filter(None, (s.metric, s.dataset or s.task, s.slice))): repr(s.value) for s in found}


def _states(dossier: Dossier) -> dict[str, str]:
    try:
        items: Any = json.loads(dossier.documents.get(CHECKLIST, b"{}")).get("items", ())
    except (ValueError, AttributeError):
        return {}
    return {str(one.get("id")): str(one.get("state")) for one in items if isinstance(one, Mapping)}


def _waivers(dossier: Dossier) -> dict[str, str]:
    return {f"{w.check} {w.path}": f"until {w.expires}" for w in dossier.waivers}
