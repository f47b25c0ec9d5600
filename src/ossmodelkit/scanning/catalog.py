"""Every check a scan asks, written out: there is no discovery and no registry."""

from __future__ import annotations

from ossmodelkit.core.check import Check
from ossmodelkit.scanning.catalog_more import MORE
from ossmodelkit.scanning.checks.archives import CONTAINERS
from ossmodelkit.scanning.checks.pickles import PICKLE

CATALOG: tuple[Check, ...] = (*PICKLE, *CONTAINERS, *MORE)
