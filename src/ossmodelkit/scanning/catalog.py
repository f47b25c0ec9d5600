"""Every check a scan asks, written out: there is no discovery and no registry."""

from __future__ import annotations

from ossmodelkit.core.check import Check
from ossmodelkit.scanning.catalog_more import MORE

PICKLE: tuple[Check, ...] = ()
CONTAINERS: tuple[Check, ...] = ()

CATALOG: tuple[Check, ...] = (*PICKLE, *CONTAINERS, *MORE)
