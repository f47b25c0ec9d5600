"""The caching allocator's policy, on sequences worked out by hand from its source."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from ossmodelkit.estimating.allocating import CachingAllocator, reserved_by

KIB, MIB = 1024, 1024 * 1024


def after(*steps: tuple[str, str, int] | tuple[str, str], expandable: bool = False) -> tuple[int, int]:
    allocator = CachingAllocator(expandable=expandable)
    for step in steps:
        if step[0] == "+":
            allocator.allocate(step[1], step[2])  # type: ignore[misc]
        else:
            allocator.release(step[1])
    return allocator.allocated_bytes, allocator.reserved_bytes


def test_one_byte_takes_512_and_a_small_segment() -> None:
    assert after(("+", "a", 1)) == (512, 2 * MIB)


def test_a_mebibyte_is_small_and_a_byte_more_is_large() -> None:
    assert after(("+", "a", MIB)) == (MIB, 2 * MIB)
    assert after(("+", "a", MIB + 1)) == (MIB + 512, 20 * MIB)


def test_ten_mebibytes_get_a_segment_of_their_own_rounded_to_two() -> None:
    assert after(("+", "a", 10 * MIB - 512)) == (10 * MIB - 512, 20 * MIB)
    assert after(("+", "a", 11 * MIB)) == (12 * MIB, 12 * MIB)  # the rest is 1 MiB, too little to split off
    assert after(("+", "a", 4 * MIB * 4 + 3)) == (18 * MIB - (2 * MIB - 512), 18 * MIB)


def test_small_blocks_share_a_segment_until_it_is_full() -> None:
    four = [("+", name, 512 * KIB) for name in "abcd"]
    assert after(*four) == (2 * MIB, 2 * MIB)
    assert after(*four, ("+", "e", 512)) == (2 * MIB + 512, 4 * MIB)


def test_the_smallest_block_that_fits_is_taken() -> None:
    steps = [("+", "a", 40 * MIB), ("+", "b", 12 * MIB), ("-", "a"), ("-", "b"), ("+", "c", 11 * MIB)]
    # c goes into b's 12 MiB; a's 40 MiB stay whole for d
    assert after(*steps, ("+", "d", 40 * MIB)) == (52 * MIB, 52 * MIB)


def test_free_neighbors_melt_together() -> None:
    steps = [("+", "a", 6 * MIB), ("+", "b", 6 * MIB), ("+", "c", 6 * MIB), ("-", "a"), ("-", "b")]
    assert after(*steps, ("+", "d", 9 * MIB)) == (15 * MIB, 20 * MIB)


def test_holes_between_living_blocks_are_lost() -> None:
    steps = [("+", "a", 8 * MIB), ("+", "b", 2 * MIB), ("+", "c", 8 * MIB), ("+", "d", 2 * MIB)]
    assert after(*steps, ("-", "a"), ("-", "c"), ("+", "e", 9 * MIB)) == (13 * MIB, 40 * MIB)


def test_a_growing_segment_loses_no_holes_at_its_end() -> None:
    grown = [("+", "a", 30 * MIB), ("-", "a"), ("+", "b", 50 * MIB)]
    assert after(*grown) == (50 * MIB, 30 * MIB + 50 * MIB)
    assert after(*grown, expandable=True) == (50 * MIB, 60 * MIB)


def test_a_growing_segment_fills_holes_before_its_end() -> None:
    steps = [("+", "a", 10 * MIB), ("+", "b", 10 * MIB), ("-", "a"), ("+", "c", 10 * MIB)]
    assert after(*steps, expandable=True) == (20 * MIB, 20 * MIB)


@given(
    some.lists(some.tuples(some.booleans(), some.integers(0, 12), some.integers(0, 64 * MIB)), max_size=80),
    some.booleans(),
)
def test_what_is_held_is_always_reserved_and_nothing_is_lost(
    steps: list[tuple[bool, int, int]], expandable: bool
) -> None:
    allocator = CachingAllocator(expandable=expandable)
    held: dict[int, int] = {}
    for grows, name, size in steps:
        before = allocator.reserved_bytes
        if grows and name not in held:
            allocator.allocate(name, size)
            held[name] = size
        else:
            allocator.release(name)
            held.pop(name, None)
        assert allocator.reserved_bytes >= max(before, allocator.allocated_bytes)
        assert allocator.allocated_bytes >= sum(held.values())
    for name in held:
        allocator.release(name)
    assert allocator.allocated_bytes == 0
    assert allocator.reserved_bytes == sum(size for pool in allocator._pools.values() for size, _, _ in pool.free)


@given(some.lists(some.integers(1, 8 * MIB), min_size=1, max_size=30))
def test_a_second_step_like_the_first_reserves_nothing_more(sizes: list[int]) -> None:
    step = [("+", at, size) for at, size in enumerate(sizes)] + [("-", at, 0) for at in range(len(sizes))]
    assert reserved_by([*step, *step]) == reserved_by(step)
