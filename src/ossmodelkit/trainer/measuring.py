"""`python -m ossmodelkit.trainer.measuring`: how far tensors moved, from open files, a block at a time.

The question comes as one JSON object on standard input; files are open descriptors that were handed over,
so no name is looked up again. Each answer is one event line on standard output.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from ossmodelkit.trainer.events import Voice

BLOCK = 256 * 1024  # numbers at once: 1 MiB as float32, which a processor's cache holds
TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
FINENESS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")


def main() -> int:
    """Answer every question of the one request."""
    torch.set_num_threads(1)  # blocks of this size gain nothing from more, and the disk is slower
    voice = Voice()
    request = json.load(sys.stdin)
    with torch.inference_mode():
        for at, pair in enumerate(request["pairs"]):
            voice.say("pair", at=at, **distance(pair["base"], pair["tuned"]))
        for at, product in enumerate(request["products"]):
            voice.say("product", at=at, relative=product_size(product))
    voice.say("end")
    return 0


def distance(base: Mapping[str, Any], tuned: Mapping[str, Any]) -> dict[str, Any]:
    """Norms of the base and of the difference over the numbers that both have; a coarser type rounds both sides."""
    count = min(base["elements"], tuned["elements"])
    squares = moved = largest = 0.0
    differing = broken = 0
    coarse = TYPES[max(base["dtype"], tuned["dtype"], key=FINENESS.index)]
    for one, other in zip(blocks(base, count), blocks(tuned, count), strict=True):
        before, after = (side.to(coarse).to(torch.float32) for side in (one, other))
        own, gap = torch.linalg.vector_norm(before), after - before
        moved_by = torch.linalg.vector_norm(gap)
        if not bool(torch.isfinite(own + moved_by)):
            before, after, broken_here, told_apart = _sound(before, after)
            broken, differing = broken + broken_here, differing + told_apart
            own, gap = torch.linalg.vector_norm(before.double()), after - before
            moved_by = torch.linalg.vector_norm(gap.double())
        squares += float(own) ** 2
        moved += float(moved_by) ** 2
        differing += int(torch.count_nonzero(gap))
        if gap.numel():
            low, high = torch.aminmax(gap)
            largest = max(largest, float(-low), float(high))
    return {
        "base_norm": math.sqrt(squares),
        "norm": math.sqrt(moved),
        "largest": largest,
        "differing": differing,
        "broken": broken,
    }


def _sound(before: Tensor, after: Tensor) -> tuple[Tensor, Tensor, int, int]:
    """What are numbers on both sides; how many are none on the tuned side alone, and how many differ among the rest."""
    broken = int((before.isfinite() & ~after.isfinite()).sum())
    apart = int((before != after).sum()) - int((before.isnan() & after.isnan()).sum())
    sound = before.isfinite() & after.isfinite()
    before, after = before[sound], after[sound]
    return before, after, broken, apart - int((before != after).sum())


def product_size(product: Mapping[str, Any]) -> float:
    """The Frobenius norm of `scale · up · down` as a share of the weight's.

    ‖BA‖² is the sum over (BᵀB)∘(AAᵀ): two matrices of the rank's size, whatever the size of the weight.
    """
    down, up = (whole(product[side]) for side in ("down", "up"))
    squares = float(((up.T @ up) * (down @ down.T)).sum())
    norm = math.sqrt(sum(float(torch.linalg.vector_norm(one.float())) ** 2 for one in blocks(product["weight"])))
    size = abs(product["scale"]) * math.sqrt(max(squares, 0.0))
    return size / norm if norm and math.isfinite(size) else 0.0


def whole(tensor: Mapping[str, Any]) -> Tensor:
    """A small tensor in float32."""
    return torch.cat([one.float() for one in blocks(tensor)]).reshape(tensor["shape"])


def blocks(tensor: Mapping[str, Any], count: int | None = None) -> Iterator[Tensor]:
    """The first `count` numbers of a tensor, flat, a block at a time; lying side by side in the file."""
    kind = TYPES[tensor["dtype"]]
    left = tensor["elements"] if count is None else count
    at = tensor["offset"]
    while left:
        buffer = bytearray(min(left, BLOCK) * kind.itemsize)
        if _fill(tensor["file"], buffer, at) != len(buffer):
            raise EOFError("a file became shorter while it was measured")
        yield torch.frombuffer(buffer, dtype=kind)
        at += len(buffer)
        left -= len(buffer) // kind.itemsize


def _fill(file: int, buffer: bytearray, at: int) -> int:
    view, done = memoryview(buffer), 0
    while done < len(buffer) and (count := os.preadv(file, [view[done:]], at + done)):
        done += count
    return done


if __name__ == "__main__":
    raise SystemExit(main())
