"""Changed and random bytes: every reader answers with views, gaps or a named refusal, never with a crash."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ossmodelkit.formats import readers
from ossmodelkit.foundation.progress import Silent
from ossmodelkit.scanning.entry import Limits
from ossmodelkit.scanning.inspecting import inspect
from tests.making.container_attacks import CONTAINERS
from tests.making.memory import MemorySource, said

CRASH = re.compile(r"\b[A-Z]\w*(Error|Exception|Interrupt|Iteration): ")
SMALL = sorted(name for name, data in CONTAINERS.items() if len(data) < 20_000)
LIMITS = Limits(max_bytes=4_000_000, max_members=500, max_seconds=5)


def answers_without_a_crash(data: bytes) -> None:
    found = inspect(MemorySource({"f": data}), progress=Silent(), limits=LIMITS, readers=readers.CORE)
    assert not [gap for gap in found.answers.gaps if CRASH.search(gap.reason)], said(found)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SMALL), st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=6))
def test_changed_containers_never_crash_a_reader(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(CONTAINERS[name])
    for at, value in changes:
        data[at % len(data)] = value
    answers_without_a_crash(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SMALL), st.floats(0, 1))
def test_cut_containers_never_crash_a_reader(name: str, part: float) -> None:
    data = CONTAINERS[name]
    answers_without_a_crash(data[: int(len(data) * part)])


heads = st.sampled_from(
    [b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x80\x04", b"ZF0x", b""]
)


@settings(max_examples=300, deadline=None)
@given(heads, st.binary(max_size=600))
def test_noise_behind_a_magic_never_crashes_a_reader(head: bytes, tail: bytes) -> None:
    answers_without_a_crash(head + tail)
