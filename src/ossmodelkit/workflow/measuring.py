"""Ask the trainer process how far tensors moved; it is handed open files, and no names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, BinaryIO

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.source import Source
from ossmodelkit.core.training import EVENT_MARK
from ossmodelkit.formats.tensors import Tensor
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.foundation.progress import Progress
from ossmodelkit.scanning.against.adapters import Touch
from ossmodelkit.scanning.against.changes import Change, Changes, Delta, Kind

FLOATS = frozenset({"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"})
WORTH = (Kind.CHANGED, Kind.RESIZED, Kind.RETYPED)
WITHOUT = "sizes of change need the training libraries: pip install 'ossmodelkit[train]'"
ELSEWHERE = "sizes of change are not measured on Windows"
REMOTE = "sizes of change are measured on files of this machine only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The changes with their sizes, and why there are none where there are none."""

    changes: Changes
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


def measure(changes: Changes, base: Source, tuned: Source, progress: Progress) -> Measured:
    """Add to every changed tensor how far it moved, and to every part of an adapter how much it adds."""
    moved = [one for one in changes.tensors if _is_measurable(one)]
    touches = [one for one in (changes.adapter.touches if changes.adapter else ()) if _is_product(one)]
    if not moved and not touches:
        return Measured(changes=changes, gaps=_unknown(changes))
    if os.name == "nt":  # open files cannot be handed over there
        return Measured(changes=changes, gaps=_unknown(changes), notes=(ELSEWHERE,))
    if find_spec("torch") is None:
        return Measured(changes=changes, gaps=_unknown(changes), notes=(WITHOUT,))
    try:
        with ExitStack() as opened:
            files = _Files(base, tuned, opened)
            request = {
                "pairs": [{"base": files.wire(0, one.base), "tuned": files.wire(1, one.tuned)} for one in moved],
                "products": [_product(one, files) for one in touches],
            }
            found = _ask(request, files.numbers, progress)
    except OSError:
        return Measured(changes=changes, gaps=_unknown(changes), notes=(REMOTE,))
    except KitError as error:
        gap = Gap(at=Place(path="."), reason=error.message, remedy=error.hint)
        return Measured(changes=changes, gaps=(gap, *_unknown(changes)))
    done = _with(changes, moved, touches, found)
    return Measured(changes=done, gaps=_unknown(done))


def _is_measurable(change: Change) -> bool:
    sides = (change.base, change.tuned)
    plain = all(one is not None and one.dtype in FLOATS and not one.strides for one in sides)
    return plain and change.kind in WORTH and (change.retyped or change.moved)


def _is_product(touch: Touch) -> bool:
    sides = (touch.down, touch.up, touch.weight)
    plain = all(one is not None and one.dtype in FLOATS and not one.strides for one in sides)
    flat = all(one is not None and len(one.shape) == 2 for one in sides)
    return plain and flat and not touch.trouble and touch.parts == ("lora_A", "lora_B")


class _Files:
    """Open files of both sides, and what the process is told about tensors in them."""

    def __init__(self, base: Source, tuned: Source, opened: ExitStack) -> None:
        self._sources = (base, tuned)
        self._opened = opened
        self._streams: dict[tuple[int, str], BinaryIO] = {}

    @property
    def numbers(self) -> tuple[int, ...]:
        """The descriptors to hand over."""
        return tuple(stream.fileno() for stream in self._streams.values())

    def wire(self, side: int, tensor: Tensor | None) -> dict[str, Any]:
        """A tensor as the process is told of it."""
        assert tensor is not None
        key = (side, tensor.file)
        if key not in self._streams:
            self._streams[key] = self._opened.enter_context(self._sources[side].open(tensor.file))
        return {
            "file": self._streams[key].fileno(),
            "offset": tensor.offset,
            "dtype": tensor.dtype,
            "elements": tensor.elements,
            "shape": list(tensor.shape),
        }


def _product(touch: Touch, files: _Files) -> dict[str, Any]:
    sides = (("weight", 0, touch.weight), ("down", 1, touch.down), ("up", 1, touch.up))
    return {name: files.wire(side, tensor) for name, side, tensor in sides} | {"scale": touch.scale}


Answers = Mapping[tuple[str, int], Mapping[str, Any]]


def _ask(request: Mapping[str, Sequence[Any]], files: tuple[int, ...], progress: Progress) -> Answers:
    """Start the process, show how far it is, and bring back its answers.

    Raises `KitError` when it ends before it has answered everything.
    """
    run = [sys.executable, "-W", "ignore", "-m", "ossmodelkit.trainer.measuring"]
    total = len(request["pairs"]) + len(request["products"])
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "CUDA_VISIBLE_DEVICES": ""}
    with (
        progress.task("measuring", total, "tensors") as task,
        subprocess.Popen(
            run,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=files,
            env=os.environ | quiet,
        ) as process,
    ):
        assert process.stdin and process.stdout and process.stderr
        json.dump(request, process.stdin)
        process.stdin.close()
        for line in process.stdout:
            if line.startswith(EVENT_MARK):
                facts = json.loads(line.removeprefix(EVENT_MARK))
                found[(facts["event"], facts.get("at", 0))] = facts
                task.advance(facts["event"] != "end")
        last = (process.stderr.read().strip().splitlines() or ["no output"])[-1][:300]
    if ("end", 0) not in found:
        raise KitError(f"measuring the changes failed: {last}", hint="what changed is told all the same")
    return found


def _with(changes: Changes, moved: list[Change], touches: list[Touch], found: Answers) -> Changes:
    deltas = {one.name: _delta(found[("pair", at)]) for at, one in enumerate(moved)}
    sizes = {one.module: float(found[("product", at)]["relative"]) for at, one in enumerate(touches)}
    adapter = changes.adapter
    if adapter is not None:
        known = tuple(replace(one, relative=sizes.get(one.module)) for one in adapter.touches)
        adapter = replace(adapter, touches=known)
    tensors = tuple(replace(one, delta=deltas.get(one.name)) for one in changes.tensors)
    return replace(changes, tensors=tensors, adapter=adapter, measured=True)


def _delta(facts: Mapping[str, Any]) -> Delta:
    return Delta(**{name: facts[name] for name in ("base_norm", "norm", "largest", "differing", "broken")})


def _unknown(changes: Changes) -> tuple[Gap, ...]:
    """Of a tensor in another number type, only measuring tells whether its values changed."""
    unknown = [one for one in changes.tensors if one.retyped and one.delta is None]
    if not unknown:
        return ()
    first = unknown[0]
    at = Place(path=first.tuned.file if first.tuned else ".", members=(first.name,))
    reason = f"{len(unknown)} tensors are of another number type; whether their values changed is not known"
    return (Gap(at=at, reason=reason, remedy="pip install 'ossmodelkit[train]', and keep both on this machine"),)
