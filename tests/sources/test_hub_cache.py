"""What the hub's own library has downloaded is read from its cache, and its links lead nowhere else."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub
import pytest

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.foundation.errors import SourceError, UnreadableError
from ossmodelkit.sources.local import LocalSource
from ossmodelkit.sources.opening import open_source
from ossmodelkit.sources.traffic import remarks
from tests.making.hub_server import HubServer

WEIGHTS = bytes(range(256)) * 400
FILES = {"config.json": b"{}", "sub/model.bin": WEIGHTS}


@pytest.fixture
def snapshot(hub: HubServer, tmp_path: Path) -> Path:
    """Downloaded by the real library from the real server."""
    hub.add("org/name", FILES)
    cache = tmp_path / "hf" / "hub"
    folder = huggingface_hub.snapshot_download("org/name", cache_dir=cache, endpoint=hub.endpoint)
    hub.seen.clear()
    return Path(folder)


def names(source: LocalSource) -> dict[str, str]:
    return {entry.name: entry.kind.value for entry in source.inventory.entries}


@pytest.mark.parametrize("ref", ["hub:org/name", "hub:org/name@main", "hub:org/name@{commit}", "{page}"])
def test_a_cached_model_needs_no_network(ref: str, snapshot: Path, hub: HubServer) -> None:
    source = open_source(ref.format(commit=snapshot.name, page=f"{hub.endpoint}/org/name/tree/main"))
    assert source.inventory.revision == snapshot.name
    assert [entry.name for entry in source.inventory.entries] == sorted(FILES)
    with source.open("sub/model.bin") as stream:
        assert stream.read() == WEIGHTS
    assert hub.seen == []


def test_a_snapshot_given_as_a_folder_is_read_through_its_links(snapshot: Path) -> None:
    assert names(open_source(str(snapshot))) == dict.fromkeys(sorted(FILES), "file")
    assert names(open_source(str(snapshot / "sub"))) == {"model.bin": "file"}
    assert names(open_source(str(snapshot / "config.json"))) == {"config.json": "file"}


@pytest.mark.parametrize("ref", ["hub:org/other", "hub:org/name@v2", "hub:org/name@" + "0" * 40, "hub:org/name/none"])
def test_what_is_not_cached_is_refused_without_network(ref: str, snapshot: Path, hub: HubServer) -> None:
    with pytest.raises(SourceError, match="the network is not allowed") as refused:
        open_source(ref)
    assert "--online" in refused.value.hint
    assert hub.seen == []


def test_the_field_s_own_offline_switch_is_honored(
    snapshot: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert open_source("hub:org/name", online=True).inventory.revision == snapshot.name
    with pytest.raises(SourceError, match="HF_HUB_OFFLINE is set"):
        open_source("hub:org/other", online=True)
    assert hub.seen == []


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/etc/passwd", id="outside"),
        pytest.param("../../../models--org--name/blobs/../../../../secret", id="up and out"),
        pytest.param("../../blobs/" + "a" * 40, id="a blob that is not there"),
        pytest.param("../../refs/main", id="inside, and no blob"),
        pytest.param("config.json", id="to another link"),
        pytest.param("../../blobs/link", id="through a link among the blobs"),
        pytest.param("../../blobs/" + "b" * 64, id="through a blob that is a link out"),
        pytest.param("../../blobs/" + "c" * 64, id="through a blob that is a link to another blob"),
    ],
)
def test_other_links_in_a_snapshot_are_not_followed(target: str, snapshot: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    blobs = snapshot.parent.parent / "blobs"
    (blobs / "link").symlink_to(tmp_path / "secret")
    (blobs / ("b" * 64)).symlink_to(tmp_path / "secret")
    (blobs / ("c" * 64)).symlink_to(next(blob for blob in blobs.iterdir() if len(blob.name) == 64))
    (snapshot / "odd").symlink_to(target)
    source = open_source("hub:org/name")
    found = source.inventory.find("odd")
    assert found
    assert found.kind in {EntryKind.SYMLINK, EntryKind.UNREADABLE}
    with pytest.raises(UnreadableError):
        source.open("odd")


def test_blobs_shared_between_repositories_are_followed(snapshot: Path) -> None:
    """As huggingface_hub lays them out: a repository's blob is a link into the cache's own store."""
    repository = snapshot.parent.parent
    blob = (snapshot / "sub" / "model.bin").resolve()
    store = repository.parent / "blobs" / "ab"
    store.mkdir(parents=True)
    shared = store / ("ab" + "0" * 62)
    blob.rename(shared)
    blob.symlink_to(Path("../../blobs/ab") / shared.name)
    with open_source("hub:org/name").open("sub/model.bin") as stream:
        assert stream.read() == WEIGHTS


def test_a_cache_behind_a_link_is_found(snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").symlink_to(tmp_path / "hf")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "elsewhere"))
    assert names(open_source("hub:org/name")) == dict.fromkeys(sorted(FILES), "file")


@pytest.mark.parametrize("told", ["../../../../etc", "main", "", "0" * 41, "\xff"])
def test_a_ref_that_names_no_commit_is_not_cached(told: str, snapshot: Path) -> None:
    (snapshot.parent.parent / "refs" / "main").write_text(told, encoding="latin-1")
    with pytest.raises(SourceError, match="not allowed"):
        open_source("hub:org/name")


def test_a_folder_that_only_looks_like_a_snapshot_is_an_ordinary_one(tmp_path: Path) -> None:
    fake = tmp_path / "snapshots" / ("0" * 40)
    fake.mkdir(parents=True)
    (tmp_path / "blobs").mkdir()
    (fake / "link").symlink_to("../../blobs/" + "a" * 40)
    assert names(open_source(str(fake))) == {"link": "symlink"}


def test_what_was_not_downloaded_is_told(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/part", FILES | {"evil.pkl": b"cos\nsystem\n(S'id'\ntR."})
    cache = tmp_path / "hf" / "hub"
    huggingface_hub.snapshot_download("org/part", cache_dir=cache, endpoint=hub.endpoint, ignore_patterns="*.pkl")
    told = remarks(open_source("hub:org/part"))
    assert told[-1].endswith("1 of 3 files of the repository are not in it and not judged")
    for listing in cache.rglob("trees/*.json"):
        listing.write_text("{")
    assert remarks(open_source("hub:org/part"))[-1].endswith("what was not downloaded is not in it and not judged")


def test_a_complete_snapshot_needs_no_remark(snapshot: Path) -> None:
    assert remarks(open_source("hub:org/name")) == (f"hub:org/name: revision {snapshot.name}",)
