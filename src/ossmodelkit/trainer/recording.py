"""The facts around a run: which bytes went in, on which machine, with which software."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ossmodelkit.core.artifact import is_wrapping, payload_digest
from ossmodelkit.foundation.errors import UsageError


def digest_files(folder: Path) -> dict[str, str]:
    """`{name: sha256}` of every payload file below `folder`; links are not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and not is_wrapping(name) and not name.startswith(".kit/"):
            with path.open("rb") as stream:
                found[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def payload_of(files: dict[str, str]) -> dict[str, Any]:
    """The payload digest and the files behind it."""
    return {"sha256": payload_digest(files), "files": files}


def environment() -> dict[str, Any]:
    """Every installed distribution at its version: the lock of what ran."""
    packages = {str(d.metadata["Name"]).lower(): d.version for d in metadata.distributions() if d.metadata["Name"]}
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": dict(sorted(packages.items())),
        "threads": torch.get_num_threads(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
    }


def hardware(device: torch.device, processes: int) -> dict[str, Any]:
    """What it ran on; memory in bytes."""
    found: dict[str, Any] = {
        "device": device.type,
        "processes": processes,
        "cpu": _cpu_name(),
        "cpu_cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        found |= {
            "card": card.name,
            "cards": torch.cuda.device_count(),
            "card_memory_bytes": card.total_memory,
            "cuda": torch.version.cuda,
            "rated_bf16_flops": rated_flops(device),
        }
    return found


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def peak_memory(device: torch.device) -> int:
    """Bytes at the highest point: allocated on a card, resident without one."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def flops_per_token(model: nn.Module) -> float:
    """Floating-point operations of the matrix products per token, attention left out.

    2 per weight forward, 2 for the gradient of the input, 2 more where the weight itself learns. Packed
    weights count as what they stand for; GPT-2's transposed layers count as well.
    """
    from transformers.pytorch_utils import Conv1D

    total = 0.0
    for module in model.modules():
        if isinstance(module, nn.Linear):
            size = module.in_features * module.out_features
        elif isinstance(module, Conv1D):
            size = module.weight.numel()
        else:
            continue
        total += size * (6.0 if module.weight.requires_grad else 4.0)
    return total


def rated_flops(device: torch.device) -> float:
    """Dense bf16 operations a second of one card by its maker's data sheet; 0 where nobody says."""
    from ossmodelkit.estimating import hardware

    if device.type != "cuda":
        return 0.0
    try:
        rate = hardware.find(torch.cuda.get_device_name(device)).rate("bf16")
    except UsageError:
        return 0.0
    return (rate or 0.0) * 1e12
