"""Every storage a step allocates and lets go, in order, with marks between them.

Works on fake tensors: nothing is computed and no accelerator is needed. Parameters and inputs exist
before the tape starts and are not on it; gradients are.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

IN_PLACE = frozenset({torch.ops.aten._fused_adamw_.default})  # allocate nothing, and fake tensors cannot run them
READS_BACK = torch.ops.aten._local_scalar_dense.default  # Adafactor asks for numbers, which fake tensors do not have


class StorageTape(TorchDispatchMode):
    """Records `("+", id)`, `("-", id)` and marks; `sizes[id]` is (shape at birth, bytes per number, bytes)."""

    def __init__(self, *, keep: bool = True) -> None:
        super().__init__()
        self.events: list[tuple[Any, ...]] = []
        self.sizes: dict[int, tuple[tuple[int, ...], int, int]] = {}
        self.live_bytes = 0
        self.peak_bytes = 0
        self.peak_phase = ""
        self.phase = ""
        self.phase_peaks: dict[str, int] = {}
        self.gradient_bytes = 0
        self.gradients_at_peak = 0
        self.saved_bytes = 0
        self.on_segment: Callable[[str], None] | None = None
        self.keep = keep
        self.on_op: Callable[[Any, tuple[Any, ...], Any], None] | None = None
        self._ids: dict[int, int] = {}
        self._next = 0
        self._outside: set[int] = set()
        self._anchors: list[Any] = []

    def leave_out(self, tensor: torch.Tensor) -> None:
        """Do not count this tensor: it is there before the step."""
        storage = tensor.untyped_storage()
        self._outside.add(storage._cdata)
        self._anchors.append(storage)

    def mark(self, *words: Any) -> None:
        """Put a mark on the tape."""
        if words[0] == "segment" and self.on_segment is not None:
            self.on_segment(words[1])
        if self.keep:
            self.events.append(words)

    def enter_phase(self, name: str) -> None:
        """From here on peaks count towards `name`."""
        self.phase = name
        self.phase_peaks[name] = max(self.phase_peaks.get(name, 0), self.live_bytes)
        self.mark("phase", name)

    def id_of(self, tensor: torch.Tensor) -> int | None:
        """The id of a tensor's storage; None when it is not on the tape."""
        return self._ids.get(tensor.untyped_storage()._cdata)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        """Run the operation and note what it brought to life."""
        if func in IN_PLACE:
            return None
        if func is READS_BACK:
            return 1.0
        out = func(*args, **(kwargs or {}))
        for item in tree_iter(out):
            if isinstance(item, torch.Tensor):
                self._note(item)
        if self.on_op is not None:
            self.on_op(func, args, out)
        return out

    def _note(self, tensor: torch.Tensor) -> None:
        if tensor.device.type == "meta":
            return
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._ids or key in self._outside:
            return
        size = storage.nbytes()
        number = self._next
        self._next += 1
        self._ids[key] = number
        width = tensor.element_size()
        shape = tuple(int(side) for side in tensor.shape)
        self.sizes[number] = (shape, width, size)
        self.live_bytes += size
        if self.keep:
            self.events.append(("+", number))
        self._look()
        weakref.finalize(storage, self._gone, key, number).atexit = False

    def resized(self, storage: torch.UntypedStorage, change: int) -> None:
        """A storage on the tape has grown or shrunk in place."""
        number = self._ids.get(storage._cdata)
        if number is not None:
            shape, width, size = self.sizes[number]
            self.sizes[number] = (shape, width, size + change)
            self.live_bytes += change
            self._look()

    def _look(self) -> None:
        if self.live_bytes > self.peak_bytes:
            self.peak_bytes, self.peak_phase = self.live_bytes, self.phase
            self.gradients_at_peak = self.gradient_bytes
        if self.live_bytes > self.phase_peaks.get(self.phase, 0):
            self.phase_peaks[self.phase] = self.live_bytes

    def _gone(self, key: int, number: int) -> None:
        if self._ids.get(key) == number:
            del self._ids[key]
        self.live_bytes -= self.sizes[number][2]
        if self.keep:
            self.events.append(("-", number))
