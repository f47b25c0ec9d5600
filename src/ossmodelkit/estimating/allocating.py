"""What the caching allocator of torch reserves for a sequence of allocations: its policy, followed in arithmetic.

Rules and sizes are those of PyTorch 2.13, c10/cuda/CUDACachingAllocator.cpp with its default settings: sizes round
up to 512 bytes; up to 1 MiB comes from segments of 2 MiB, under 10 MiB from segments of 20 MiB, larger from segments
of its own rounded up to 2 MiB; the smallest free block that fits is taken, and split where enough is left over;
neighbors that are free melt together; nothing goes back to the driver. With expandable segments each pool is one
segment that grows at its end by pages of 2 or 20 MiB.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

ROUND = 512
SMALL = 1024 * 1024
SMALL_SEGMENT = 2 * SMALL
LARGE_SEGMENT = 20 * SMALL
OWN_SEGMENT = 10 * SMALL
ROUND_OWN = 2 * SMALL
APART = 1 << 48  # between the addresses of two pools


@dataclass(slots=True, eq=False)
class Block:
    """A piece of a segment; neighbors are those of the same segment."""

    start: int
    size: int
    free: bool = True
    before: Block | None = None
    after: Block | None = None


@dataclass(slots=True)
class Pool:
    """The small or the large allocations: free blocks by size and address."""

    small: bool
    top: int
    free: list[tuple[int, int, Block]] = field(default_factory=list)
    last: Block | None = None  # of the one segment that grows

    def put(self, block: Block) -> None:
        """Offer a block."""
        block.free = True
        insort(self.free, (block.size, block.start, block), key=lambda entry: entry[:2])

    def take(self, block: Block) -> None:
        """Withdraw a block that is free."""
        block.free = False
        del self.free[bisect_left(self.free, (block.size, block.start), key=lambda entry: entry[:2])]


class CachingAllocator:
    """Give it allocations and releases in order; `reserved_bytes` never falls."""

    def __init__(self, *, expandable: bool = False) -> None:
        self.expandable = expandable
        self.allocated_bytes = self.reserved_bytes = 0
        self._pools = {True: Pool(small=True, top=0), False: Pool(small=False, top=APART)}
        self._held: dict[object, tuple[Pool, Block]] = {}

    def allocate(self, name: object, size: int) -> None:
        """Hold `size` bytes under a name; nothing is needed for 0."""
        if size <= 0:
            return
        size = max(ROUND, -(-size // ROUND) * ROUND)
        pool = self._pools[size <= SMALL]
        block = self._fitting(pool, size) or self._fresh(pool, size)
        pool.take(block)
        rest = block.size - size
        if rest >= ROUND if pool.small or self.expandable else rest > SMALL:
            pool.put(_split(block, size))
            if pool.last is block:
                pool.last = block.after
        self.allocated_bytes += block.size
        self._held[name] = (pool, block)

    def release(self, name: object) -> None:
        """Let go of what is held under a name."""
        if name not in self._held:
            return
        pool, block = self._held.pop(name)
        self.allocated_bytes -= block.size
        for other in (block.before, block.after):
            if other is not None and other.free:
                pool.take(other)
                merged = _melt(block, other)
                pool.last = merged if pool.last in (block, other) else pool.last
                block = merged
        pool.put(block)

    def _fitting(self, pool: Pool, size: int) -> Block | None:
        """The smallest free block that holds `size`; the end of a growing segment counts as endless."""
        at = bisect_left(pool.free, (size, -1), key=lambda entry: entry[:2])
        found = [entry[2] for entry in pool.free[at : at + 2]]
        if self.expandable and len(found) == 2 and found[0] is pool.last:
            return found[1]
        return found[0] if found else None

    def _fresh(self, pool: Pool, size: int) -> Block:
        """A free block that is large enough, from the driver."""
        if not self.expandable:
            room = SMALL_SEGMENT if pool.small else LARGE_SEGMENT
            if size >= OWN_SEGMENT:
                room = -(-size // ROUND_OWN) * ROUND_OWN
            return self._map(pool, room)
        page = SMALL_SEGMENT if pool.small else LARGE_SEGMENT
        end = pool.last
        missing = size - (end.size if end is not None and end.free else 0)
        fresh = self._map(pool, -(-missing // page) * page)
        fresh.before = end
        if end is not None:
            end.after = fresh
        pool.last = fresh
        if end is not None and end.free:
            pool.take(end)
            pool.take(fresh)
            pool.last = _melt(end, fresh)
            pool.put(pool.last)
        return pool.last

    def _map(self, pool: Pool, size: int) -> Block:
        block = Block(start=pool.top, size=size)
        pool.top += size
        self.reserved_bytes += size
        pool.put(block)
        return block


def _split(block: Block, size: int) -> Block:
    """Cut what is beyond `size` off a block; the rest."""
    rest = Block(start=block.start + size, size=block.size - size, before=block, after=block.after)
    if block.after is not None:
        block.after.before = rest
    block.size, block.after = size, rest
    return rest


def _melt(one: Block, other: Block) -> Block:
    """Two neighbors as one block."""
    low, high = (one, other) if one.start < other.start else (other, one)
    low.size += high.size
    low.after = high.after
    if high.after is not None:
        high.after.before = low
    return low


def reserved_by(events: Iterable[tuple[str, object, int]], *, expandable: bool = False) -> int:
    """Bytes reserved at the end of `("+" or "-", name, bytes)` in order."""
    allocator = CachingAllocator(expandable=expandable)
    for kind, name, size in events:
        if kind == "+":
            allocator.allocate(name, size)
        else:
            allocator.release(name)
    return allocator.reserved_bytes


__all__ = ["CachingAllocator", "reserved_by"]
