"""A remote file reads like one at hand, and costs little more than what is read of it."""

from __future__ import annotations

import io
import pickle
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.sources.ranges import Piece
from ossmodelkit.sources.remote_file import BLOCK, FIRST, MOST_AT_ONCE, Blocks, RemoteFile, open_remote

MIB = 1024 * 1024


class Store:
    """Bytes behind a fetch that counts; `whole` answers as a server without ranges would."""

    def __init__(self, data: bytes, *, whole: bool = False) -> None:
        self.data, self.whole = data, whole
        self.asked: list[tuple[int, int]] = []

    def fetch(self, offset: int, count: int) -> Piece:
        assert offset % BLOCK == 0
        assert 0 < count <= MOST_AT_ONCE
        self.asked.append((offset, count))
        return Piece(offset=0, data=self.data) if self.whole else Piece(offset=offset, data=self.data[offset:][:count])

    def open(self, blocks: Blocks | None = None) -> io.BufferedReader:
        return open_remote(self.fetch, name="f", size=len(self.data), blocks=blocks or Blocks())  # type: ignore[return-value]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 90_000)),
        st.tuples(st.just("seek"), st.integers(0, 200_000)),
        st.tuples(st.just("back"), st.integers(0, 70_000)),
        st.tuples(st.just("line"), st.just(0)),
    ),
    max_size=12,
)


@given(size=st.integers(0, 150_000), steps=STEPS, whole=st.booleans(), small_cache=st.booleans())
def test_it_reads_what_a_file_would(size: int, steps: list[tuple[str, int]], whole: bool, small_cache: bool) -> None:
    data = bytes(i * 7 % 251 for i in range(size))
    real = io.BytesIO(data)
    ours = Store(data, whole=whole).open(Blocks(BLOCK) if small_cache else None)
    for step, number in steps:
        if step == "read":
            assert ours.read(number) == real.read(number)
        elif step == "line":
            assert ours.readline() == real.readline()
        else:
            target = number if step == "seek" else max(0, size - number)
            assert ours.seek(target) == real.seek(target)
        assert ours.tell() == real.tell()


def test_nothing_is_fetched_before_it_is_read() -> None:
    store = Store(bytes(MIB))
    stream = store.open()
    stream.seek(0, io.SEEK_END)
    assert stream.tell() == MIB
    assert store.asked == []


def test_a_header_costs_one_request_and_a_look_elsewhere_one_block() -> None:
    store = Store(bytes(10 * MIB))
    stream = store.open()
    stream.read(8)
    stream.read(20_000)
    stream.seek(5 * MIB + 100)
    stream.read(8)
    assert store.asked == [(0, FIRST), (5 * MIB, BLOCK)]


def test_reading_on_fetches_ever_more_at_once() -> None:
    store = Store(bytes(40 * MIB))
    stream = store.open()
    while stream.read(10_000):
        pass
    assert len(store.asked) < 20
    assert max(count for _, count in store.asked) == MOST_AT_ONCE
    assert sum(count for _, count in store.asked) == 40 * MIB


def test_what_was_read_once_is_not_fetched_again() -> None:
    store, blocks = Store(bytes(MIB)), Blocks()
    store.open(blocks).read()
    before = len(store.asked)
    store.open(blocks).read()
    assert len(store.asked) == before


def test_the_cache_keeps_to_its_size() -> None:
    blocks = Blocks(10 * BLOCK)
    Store(bytes(3 * MIB)).open(blocks).read()
    assert blocks._held <= 10 * BLOCK


def test_a_seek_before_the_start_fails_as_a_local_file_does() -> None:
    with pytest.raises(OSError, match="seek before the start"):
        Store(b"ab").open().seek(-22, io.SEEK_END)


def test_a_member_of_a_large_zip_is_read_from_its_directory() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number in range(20):
            archive.writestr(f"data/{number}", bytes(MIB))
            archive.writestr(f"small/{number}", b"needle %d" % number)
    store = Store(held.getvalue())
    with zipfile.ZipFile(store.open()) as archive:
        assert archive.read("small/17") == b"needle 17"
    assert sum(count for _, count in store.asked) < 200_000


def test_the_cache_travels_empty_to_another_process() -> None:
    blocks = Blocks()
    blocks.put("f", Piece(offset=0, data=b"x"))
    assert pickle.loads(pickle.dumps(blocks)).get("f", 0) is None


def test_it_can_be_handed_to_anything_that_wants_a_raw_file() -> None:
    raw = RemoteFile(Store(b"abc").fetch, name="f", size=3, blocks=Blocks())
    assert (raw.readable(), raw.seekable(), raw.writable()) == (True, True, False)
    with pytest.raises(io.UnsupportedOperation):
        raw.fileno()
