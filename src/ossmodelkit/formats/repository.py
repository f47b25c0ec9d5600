"""What a model's files mean together: views that no single file can give."""

from __future__ import annotations

from collections.abc import Iterable

from ossmodelkit.core.source import Source
from ossmodelkit.foundation.limits import Budget


def read(source: Source, budget: Budget) -> Iterable[object]:
    """Views and gaps about the whole of `source`; called once, after its files were read."""
    return ()
