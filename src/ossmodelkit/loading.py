"""Load weights only after they were scanned, and then without running any code of theirs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from ossmodelkit.core.policy import Outcome
from ossmodelkit.foundation.errors import RefusedError, UsageError


def safe_load(path: str | Path, *, device: str = "cpu") -> dict[str, Any]:
    """The tensors of a safetensors or PyTorch file, by name.

    The file is scanned first; then safetensors are read as such and everything else with
    `torch.load(weights_only=True)`. Raises `RefusedError` when the scan is anything but clean, and
    `UsageError` when torch is not installed.
    """
    from ossmodelkit.workflow.desk import Desk
    from ossmodelkit.workflow.scan import scan

    report = scan((str(path),), desk=Desk())
    if report.outcome is not Outcome.PASS:
        raise RefusedError(f"{str(path)!r} is {report.verdict}: {report.summary}", hint=f"kit scan {path} says why")
    try:
        return _load(Path(path), device)
    except ImportError as error:
        raise UsageError(f"cannot load without {error.name}", hint="pip install 'ossmodelkit[train]'") from error


def _load(path: Path, device: str) -> dict[str, Any]:
    # Imported by name: only the trainer may depend on torch, and this is the caller's torch.
    if path.suffix == ".safetensors":
        tensors: dict[str, Any] = import_module("safetensors.torch").load_file(path, device=device)
        return tensors
    loaded: dict[str, Any] = import_module("torch").load(path, map_location=device, weights_only=True)
    return loaded
