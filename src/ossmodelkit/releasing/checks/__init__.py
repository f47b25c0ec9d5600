"""The release items as checks over a `Dossier`, one file per group of the catalog."""

from __future__ import annotations

from ossmodelkit.core.check import Check
from ossmodelkit.releasing.checks import (
    data,
    deployment,
    documentation,
    evaluation,
    license,
    operations,
    provenance,
    security,
)

CATALOG: tuple[Check, ...] = (
    *license.CHECKS,
    *security.CHECKS,
    *provenance.CHECKS,
    *data.CHECKS,
    *evaluation.CHECKS,
    *documentation.CHECKS,
    *deployment.CHECKS,
    *operations.CHECKS,
)
