"""Checks of everything that is neither a pickle nor an archive."""

from __future__ import annotations

from ossmodelkit.core.check import Check
from ossmodelkit.scanning.checks import (
    documents,
    gguf,
    graphs,
    keras,
    python_code,
    repository,
    safetensors,
    scripts,
    secrets,
    templates,
)

MORE: tuple[Check, ...] = (
    *safetensors.CHECKS,
    *gguf.CHECKS,
    *templates.CHECKS,
    *keras.CHECKS,
    *graphs.CHECKS,
    *documents.CHECKS,
    *scripts.CHECKS,
    *secrets.CHECKS,
    *python_code.CHECKS,
    *repository.CHECKS,
)
