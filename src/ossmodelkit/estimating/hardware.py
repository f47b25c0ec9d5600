"""Accelerators by name: what they hold, how fast they are, and how sure we are of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from ossmodelkit.estimating.calibrating import Calibration
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.resources import config as shipped
from ossmodelkit.foundation.wire import did_you_mean

MIB = 1024 * 1024
GIB = 1024 * MIB
# Share of the nominal gibibytes that drivers of the known cards report as total: 0.937 (A10) to 1.0 (A100).
ASSUMED_USABLE = 0.93
# Reserved over allocated on five published runs on one card (LoRA, full, prompt): 1.052 to 1.076.
RESERVED_OVER_ALLOCATED = 1.06
ASSUMED_UNIFIED = 0.70  # what a unified-memory GPU may wire by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """One card. Rates are dense, in TFLOP/s; None where nobody says."""

    id: str
    memory_gb: float
    usable_bytes: int
    usable_known: bool
    bandwidth_gb_s: float
    tdp_w: float | None
    link_gb_s: float | None
    tflops: dict[str, float | None]
    measured_tflops: float | None
    usd_per_hour: tuple[float, float] | None
    confidence: str
    sources: tuple[str, ...]
    arch: str
    note: str = ""

    @property
    def context_bytes(self) -> int:
        """The driver's context and the matrix library's workspace (32 MiB on Hopper, 8 MiB before)."""
        return 512 * MIB + (32 if self.arch in ("Hopper", "Blackwell", "Blackwell Ultra") else 8) * MIB

    def rate(self, kind: str) -> float | None:
        """TFLOP/s for `bf16`, `fp16` or `fp32`; a card without bf16 has none for it."""
        return self.tflops.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """So many of one accelerator, with what was measured on one of them if anything was."""

    accelerator: Accelerator
    count: int = 1
    calibration: Calibration | None = None

    @property
    def context_bytes(self) -> int:
        """What the driver and the matrix library take before the first tensor: measured, or as usual."""
        mine = self.calibration
        return mine.context_bytes + mine.workspace_bytes if mine else self.accelerator.context_bytes

    @property
    def reserved_over_allocated(self) -> float:
        """Bytes that the caching allocator holds for each allocated one: the worst measured, or as usual."""
        return self.calibration.reserved_over_allocated[1] if self.calibration else RESERVED_OVER_ALLOCATED

    @property
    def mfu(self) -> tuple[float, float] | None:
        """Share of the dense rate that training reached on this card."""
        return self.calibration.mfu if self.calibration and self.calibration.mfu[0] > 0 else None


@cache
def catalog() -> dict[str, dict[str, Any]]:
    """The shipped accelerators by id."""
    data = json.loads(shipped("hardware", "accelerators.json").read_bytes())
    return {entry["id"]: entry for entry in data["accelerators"]}


def cards(words: str) -> Cards:
    """`2xH100`, `A100-80`, `nvidia-rtx-4090`: that many of the accelerator meant.

    Raises `UsageError` with the nearest names for an unknown one.
    """
    found = re.fullmatch(r"(?:(\d{1,5})\s*[xX*]\s*)?(\S.*)", words.strip())
    if found is None:
        raise UsageError("--gpu names no accelerator", hint="give a name such as H100, A100-80 or 2xRTX-4090")
    count = int(found[1] or 1)
    if count < 1:
        raise UsageError(f"--gpu {words!r} asks for none", hint="give 1 or more")
    return Cards(accelerator=find(found[2]), count=count)


def find(name: str) -> Accelerator:
    """The accelerator called `name`: an id, the driver's name, or a part that only it (or its usual form) has."""
    wanted = _plain(name)
    entries = catalog()
    exact = [e for e in entries.values() if wanted in _names(e)]
    if exact:
        return _read(exact[0])
    partial = [e for e in entries.values() if _words(name) and _words(name) <= _words(e["id"])]
    if partial:
        return _read(partial[0])
    near = did_you_mean(wanted, (short for e in entries.values() for short in _names(e)))
    raise UsageError(f"no accelerator called {name[:60]!r}", hint=near)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _words(name: str) -> set[str]:
    return set(_plain(re.sub(r"(?<=\d)\s*g(i)?b\b", "", name.lower())).split("-")) - {
        "nvidia",
        "geforce",
        "gpu",
        "tesla",
    }


def _names(entry: dict[str, Any]) -> set[str]:
    short = entry["id"].partition("-")[2]
    names = {entry["id"], short, *(_plain(name) for name in entry.get("device_names") or ())}
    return names | {name.removesuffix("-sxm") for name in (entry["id"], short)}


def _read(entry: dict[str, Any]) -> Accelerator:
    known = entry.get("usable_mib")
    share = ASSUMED_UNIFIED if entry["class"] == "unified" else ASSUMED_USABLE
    price = entry.get("usd_per_hour")
    return Accelerator(
        id=entry["id"],
        memory_gb=entry["memory_gb"],
        usable_bytes=known * MIB if known else int(entry["memory_gb"] * GIB * share),
        usable_known=known is not None,
        bandwidth_gb_s=entry["bandwidth_gb_s"],
        tdp_w=entry.get("tdp_w"),
        link_gb_s=entry.get("link_gb_s"),
        tflops=entry["tflops"],
        measured_tflops=entry.get("matmul_tflops_measured"),
        usd_per_hour=(float(price[0]), float(price[1])) if price else None,
        confidence=entry["confidence"],
        sources=tuple(entry["sources"]),
        arch=entry["arch"],
        note=entry.get("note", ""),
    )
