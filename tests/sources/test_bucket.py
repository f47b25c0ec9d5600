"""Stores behind fsspec: the keys are listed once, ranges are fetched, a changed key is named."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import get_context

import fsspec
import pytest

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.foundation.errors import KitError, NothingToJudgeError, SourceError, UnreadableError
from ossmodelkit.sources.bucket import BucketSource

DATA = bytes(range(256)) * 20_000


@pytest.fixture
def store() -> Iterator[fsspec.AbstractFileSystem]:
    """fsspec's own store in memory, with a small model in it."""
    held = fsspec.filesystem("memory")
    held.store.clear()
    held.pipe("/bucket/model/config.json", b"{}")
    held.pipe("/bucket/model/sub/w.bin", DATA)
    held.pipe("/bucket/other.bin", b"other")
    yield held
    held.store.clear()


def test_everything_below_a_prefix_is_listed_by_its_name_from_there(store: object) -> None:
    inventory = BucketSource("memory://bucket/model").inventory
    assert [(entry.name, entry.size) for entry in inventory.entries] == [("config.json", 2), ("sub/w.bin", len(DATA))]


def test_one_key_is_one_file(store: object) -> None:
    source = BucketSource("memory://bucket/other.bin")
    assert [entry.name for entry in source.inventory.entries] == ["other.bin"]
    with source.open("other.bin") as stream:
        assert stream.read() == b"other"


def test_only_what_is_read_is_fetched(store: object) -> None:
    source = BucketSource("memory://bucket/model")
    with source.open("sub/w.bin") as stream:
        stream.seek(1_000_000)
        assert stream.read(10) == DATA[1_000_000:1_000_010]
    assert source.traffic.bytes_fetched < 70_000
    with source.open("sub/w.bin") as stream:
        assert stream.read() == DATA


@pytest.mark.parametrize("data", [b"shorter", DATA[::-1]], ids=["shorter", "of the same size"])
def test_a_key_that_changes_is_named(data: bytes, store: fsspec.AbstractFileSystem) -> None:
    source = BucketSource("memory://bucket/model")
    with source.open("sub/w.bin") as stream:
        stream.read(10)
        store.pipe("/bucket/model/sub/w.bin", data)
        store.store["/bucket/model/sub/w.bin"].modified = datetime(2030, 1, 1, tzinfo=UTC)
        stream.seek(2_000_000)
        with pytest.raises(UnreadableError, match=r"changed while it was read|cannot be read"):
            stream.read(10)


def test_a_key_that_leads_elsewhere_is_unreadable(store: fsspec.AbstractFileSystem) -> None:
    store.store["/bucket/model/a/../../up"] = store.store["/bucket/other.bin"]
    entries = {entry.name: entry for entry in BucketSource("memory://bucket/model").inventory.entries}
    assert entries["a/../../up"].kind is EntryKind.UNREADABLE


def test_nothing_there_is_named(store: object) -> None:
    with pytest.raises((SourceError, NothingToJudgeError), match="nothing is at"):
        _ = BucketSource("memory://bucket/none").inventory
    with pytest.raises(SourceError, match="no key"):
        BucketSource("memory://bucket/model").open("none")


@pytest.mark.parametrize("error", [PermissionError("no"), OSError("odd"), RuntimeError("any")])
def test_trouble_of_the_store_is_named(error: Exception, store: object, monkeypatch: pytest.MonkeyPatch) -> None:
    source = BucketSource("memory://bucket/model")

    def fail(*words: object, **more: object) -> bytes:
        raise error

    assert source.inventory
    monkeypatch.setattr(type(source._store), "cat_file", fail)
    with source.open("sub/w.bin") as stream, pytest.raises(KitError, match=r"closed to you|cannot be read"):
        stream.read(1)


def test_a_source_travels_to_another_process(store: object) -> None:
    source = BucketSource("memory://bucket/model")
    assert source.inventory
    with pickle.loads(pickle.dumps(source)).open("config.json") as stream:
        assert stream.read() == b"{}"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket on a server that speaks S3."""
    pytest.importorskip("s3fs", reason="s3:// needs ossmodelkit[remote]")
    boto3 = pytest.importorskip("boto3", reason="no S3 server without moto[s3,server]")
    moto = pytest.importorskip("moto.server", reason="no S3 server without moto[s3,server]")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="model/w.bin", Body=DATA)
    yield "s3://bucket/model"
    server.stop()


def read_tail(source: BucketSource) -> bytes:
    with source.open("w.bin") as stream:
        stream.seek(-10, 2)
        return stream.read()


def test_a_real_bucket_is_read_by_ranges_in_this_and_in_a_forked_process(s3: str) -> None:
    source = BucketSource(s3)
    assert read_tail(source) == DATA[-10:]
    assert source.traffic.bytes_fetched < 20_000
    with get_context("fork").Pool(1) as pool:
        assert pool.apply(read_tail, (source,)) == DATA[-10:]
    with pytest.raises(SourceError, match="nothing is at"):
        _ = BucketSource("s3://no-such-bucket/x").inventory
