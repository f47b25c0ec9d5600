"""How much has been fetched, so that a report can say what a judgement cost, and when to stop."""

from __future__ import annotations

import os
import threading
from typing import Any

from ossmodelkit.foundation.errors import LimitExceededError, UsageError

VARIABLE = "KIT_FETCH_LIMIT"
DEFAULT_LIMIT = 4 * 1024**3
UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


class Traffic:
    """Bytes and requests so far; shared by all files of a source, and safe between threads."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = fetch_limit() if limit is None else limit
        self.bytes_fetched = 0
        self.requests = 0
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Traffic, (self.limit,)

    def check(self, wanted: int) -> None:
        """Refuse before the limit is passed.

        Raises `LimitExceededError`.
        """
        if self.bytes_fetched + wanted > self.limit:
            raise LimitExceededError(
                f"reading this would fetch more than {self.limit:,} bytes",
                hint=f"download it and give the folder, or raise {VARIABLE} (such as {VARIABLE}=64G)",
            )

    def add(self, count: int) -> None:
        """One request more, and `count` bytes."""
        with self._lock:
            self.bytes_fetched += count
            self.requests += 1


def fetch_limit() -> int:
    """The most bytes to fetch from one source: `KIT_FETCH_LIMIT`, or 4 GiB.

    Raises `UsageError` when the variable is no size.
    """
    told = os.environ.get(VARIABLE, "").strip().upper().removesuffix("IB").removesuffix("B")
    if not told:
        return DEFAULT_LIMIT
    number, unit = (told[:-1], told[-1]) if told[-1] in UNITS else (told, "")
    if not number.isdecimal():
        raise UsageError(f"{VARIABLE} is no size: {told!r}", hint="write bytes, or a number with K, M, G or T")
    return int(number) * UNITS.get(unit, 1)
