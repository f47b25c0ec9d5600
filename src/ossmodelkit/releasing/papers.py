"""The documents that only some releases need: provenance, SPDX, EU papers, data disclosure."""

from __future__ import annotations

from ossmodelkit.releasing import layout, provenance
from ossmodelkit.releasing.dossier import Dossier


def papers(dossier: Dossier, *, spdx: bool = True) -> dict[str, bytes]:
    """The documents that this dossier's profiles and history call for, by name."""
    found = {layout.PROVENANCE: provenance.statement(dossier)}
    return {name: data for name, data in found.items() if data}
