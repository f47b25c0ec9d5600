"""The documents that only some releases need: provenance, SPDX, EU papers, data disclosure, differences."""

from __future__ import annotations

from ossmodelkit.releasing import european, layout, provenance
from ossmodelkit.releasing import spdx as bill
from ossmodelkit.releasing.dossier import Dossier


def papers(dossier: Dossier, *, license_text: bytes, spdx: bool = True) -> dict[str, bytes]:
    """The documents that this dossier's profiles and history call for, by name."""
    found = {layout.PROVENANCE: provenance.statement(dossier), **european.pack(dossier)}
    asked = set(dossier.profiles) & {"public-weights", "hosted-api", "eu-gpai"}
    if spdx and asked:
        found[layout.SPDX] = bill.build(dossier, license_text)
    return {name: data for name, data in found.items() if data}
