"""How much has been fetched, so that a report can say what a judgement cost, and when to stop."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import LimitExceededError, UsageError

VARIABLE = "KIT_FETCH_LIMIT"
DEFAULT_LIMIT = 4 * 1024**3
UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


class Traffic:
    """Bytes and requests so far; shared by all files of a source, and safe between threads.

    `heard`, where given, is told how much it is by now.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = fetch_limit() if limit is None else limit
        self.bytes_fetched = 0
        self.requests = 0
        self.heard: Callable[[str], None] | None = None
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
        if self.heard:
            self.heard(f"{_shown(self.bytes_fetched)} fetched")


def traffic_of(source: Source) -> Traffic | None:
    """The traffic of a remote source; None for one at hand."""
    found = getattr(source, "traffic", None)
    return found if isinstance(found, Traffic) else None


def remarks(source: Source) -> tuple[str, ...]:
    """What a report should say of a remote source: what it was pinned to, and what the judgement rests on."""
    traffic, inventory = traffic_of(source), source.inventory
    said = []
    if inventory.revision:
        said.append(f"revision {inventory.revision}")
    if traffic:
        fetched, whole = _shown(traffic.bytes_fetched), _shown(inventory.total_bytes)
        said.append(f"fetched {fetched} of {whole} in {traffic.requests} requests")
    if any(entry.claimed_sha256 for entry in inventory.entries):
        said.append("digests of large files are the hub's claims and were not recomputed")
    if remark := getattr(source, "remark", ""):
        said.append(remark)
    return tuple(f"{source.ref}: {one}" for one in said)


def origin(source: Source) -> dict[str, Any]:
    """What evidence must say of a payload that was judged elsewhere: empty for a folder at hand."""
    inventory = source.inventory
    claimed = sum(bool(entry.claimed_sha256) for entry in inventory.payload)
    return ({"revision": inventory.revision} if inventory.revision else {}) | (
        {"claimed_digests": claimed} if claimed else {}
    )


def _shown(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


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
