"""Checkpoints that are whole or are not there: a folder under a temporary name, digests, then a rename.

Kept: what learns (adapters alone, where adapters learn), the optimizer's moments, and where the run
stands. Rows and dropout are functions of seed and step and need no keeping. No pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ossmodelkit.foundation.writing import sync_folder
from ossmodelkit.trainer.troubles import Trouble

MARKER = "complete.json"
NAME = re.compile(r"step-(\d{8})")
MOMENTS = ("exp_avg", "exp_avg_sq", "step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A checkpoint that is whole: after how many steps, where, and what it knows."""

    step: int
    folder: Path
    state: Mapping[str, Any]


def write(root: Path, step: int, tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> Path:
    """Write `{file: {name: tensor}}` and `state` as the checkpoint of `step`.

    Raises `OSError` as the operating system gives it; a half-written folder is taken away again.
    """
    final, partial = root / f"step-{step:08d}", root / f".step-{step:08d}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, content in tensors.items():
            save_file({key: value.detach().cpu().contiguous() for key, value in content.items()}, partial / name)
        (partial / "state.json").write_text(json.dumps(state))
        _seal(partial)
        if final.exists():
            shutil.rmtree(final)
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync_folder(root)
    return final


def _seal(folder: Path) -> None:
    digests = {}
    for path in sorted(folder.iterdir()):
        digests[path.name] = _digest(path)
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    (folder / MARKER).write_text(json.dumps(digests))
    with (folder / MARKER).open("rb") as stream:
        os.fsync(stream.fileno())
    sync_folder(folder)


def newest(root: Path, warn: Callable[[str], None]) -> Saved | None:
    """The newest whole checkpoint; each torn one is named through `warn` and skipped."""
    if not root.is_dir():
        return None
    found = {int(match[1]): path for path in root.iterdir() if (match := NAME.fullmatch(path.name))}
    for step, folder in sorted(found.items(), reverse=True):
        why = _torn(folder)
        if not why:
            return Saved(step=step, folder=folder, state=json.loads((folder / "state.json").read_bytes()))
        warn(f"checkpoint {folder.name} is torn ({why}) and was skipped")
    return None


def prune(root: Path, keep: int) -> None:
    """Delete all but the newest `keep` checkpoints, and what a crash left half written."""
    folders = sorted(path for path in root.iterdir() if NAME.fullmatch(path.name))
    for path in [*folders[:-keep], *root.glob(".step-*.partial")]:
        shutil.rmtree(path, ignore_errors=True)


def _torn(folder: Path) -> str:
    try:
        digests = json.loads((folder / MARKER).read_bytes())
        there = {path.name for path in folder.iterdir()} - {MARKER}
        for name in sorted(digests.keys() | there | {"state.json"}):
            if name not in there:
                return f"{name} is missing"
            if digests.get(name) != _digest(folder / name):
                return f"{name} has changed"
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is missing"
    except (OSError, ValueError, AttributeError) as error:
        return str(error)
    return ""


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def learned_tensors(module: nn.Module) -> dict[str, Tensor]:
    """What learns, by name; buffers of adapters included where they have any."""
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def restore_learned(module: nn.Module, path: Path) -> None:
    """Put saved values back into `module`, in place.

    Raises `Trouble` when the checkpoint is of another model or method.
    """
    saved, mine = load_file(path), learned_tensors(module)
    if saved.keys() != mine.keys() or any(saved[name].shape != mine[name].shape for name in mine):
        raise Trouble(
            "the checkpoint is of another model or another method",
            hint="resume with the plan that began the run, or start anew with --force",
        )
    with torch.no_grad():
        for name, parameter in mine.items():
            parameter.copy_(_like(parameter, saved[name]))


def moments(module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's state as tensors under "moment|parameter"."""
    found = {}
    for name, parameter in learned_tensors(module).items():
        for moment, value in optimizer.state.get(parameter, {}).items():
            found[f"{moment}|{name}"] = value
    return found


def restore_moments(module: nn.Module, optimizer: torch.optim.Optimizer, path: Path) -> None:
    """The inverse of `moments`."""
    mine = learned_tensors(module)
    for key, value in load_file(path).items():
        moment, _, name = key.partition("|")
        if moment not in MOMENTS or name not in mine:
            raise Trouble("the checkpoint's optimizer is of another run", hint="start anew with --force")
        parameter = mine[name]
        placed = value.to(parameter.device) if moment == "step" else _like(parameter, value)
        optimizer.state[parameter][moment] = placed


def _like(parameter: Tensor, whole: Tensor) -> Tensor:
    """`whole` where `parameter` is: on its device, and cut into the same shards."""
    moved = whole.to(parameter.device)
    if not hasattr(parameter, "placements"):
        return moved
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(moved, parameter.device_mesh, parameter.placements)
