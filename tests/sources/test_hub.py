"""A repository of a hub is judged where it lies: pinned, by ranges, and without telling anyone the token."""

from __future__ import annotations

import hashlib
import io
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.foundation.errors import KitError, NothingToJudgeError, SourceError, UnreadableError
from ossmodelkit.sources import hub_listing
from ossmodelkit.sources.hub import HubSource
from ossmodelkit.sources.names import is_plain
from ossmodelkit.sources.opening import open_source
from tests.making.hub_server import PAGE, HubServer, Sparse

JSON_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON_KEYS = st.sampled_from(["path", "size", "lfs", "oid", "type"]) | st.text(max_size=3)
WEIGHTS = bytes(range(256)) * 400
FILES = {"config.json": b"{}", "sub/model.bin": WEIGHTS, "README.md": b"# hi\n" * 300}


def online(ref: str) -> HubSource:
    source = open_source(ref, online=True)
    assert isinstance(source, HubSource)
    return source


@pytest.mark.parametrize("ref", ["hub:org/name", "hub:org/name@main", "hf://org/name", "hub:org/name@{commit}"])
def test_a_repository_is_listed_at_its_commit(ref: str, hub: HubServer) -> None:
    commit = hub.add("org/name", FILES).commit
    source = online(ref.format(commit=commit))
    assert source.inventory.revision == commit
    assert [(entry.name, entry.size) for entry in source.inventory.entries] == [
        (name, len(FILES[name])) for name in sorted(FILES)
    ]


def test_digests_are_what_the_hub_claims(hub: HubServer) -> None:
    hub.add("org/name", FILES)
    inventory = online("hub:org/name").inventory
    weights, config = inventory.find("sub/model.bin"), inventory.find("config.json")
    assert weights
    assert weights.claimed_sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    assert config
    assert config.claimed_sha256 == ""


@pytest.mark.parametrize("name", FILES)
def test_files_read_as_they_are(name: str, hub: HubServer) -> None:
    hub.add("org/name", FILES)
    with online("hub:org/name").open(name) as stream:
        assert stream.read() == FILES[name]


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("/org/name", ["README.md", "config.json", "sub/model.bin"]),
        ("/org/name/tree/main", ["README.md", "config.json", "sub/model.bin"]),
        ("/org/name/tree/main/sub", ["model.bin"]),
        ("/org/name/blob/main/sub/model.bin", ["model.bin"]),
        ("/org/name/resolve/main/sub/model.bin?download=true", ["model.bin"]),
    ],
)
def test_a_page_of_the_hub_means_its_repository(page: str, names: list[str], hub: HubServer) -> None:
    hub.add("org/name", FILES)
    source = online(hub.endpoint + page)
    assert [entry.name for entry in source.inventory.entries] == names
    with source.open(names[-1]) as stream:
        assert stream.read() == WEIGHTS


def test_a_folder_and_a_file_of_one_name_are_told_apart(hub: HubServer) -> None:
    hub.add("org/name", {"a/a": b"inner"})
    with online(f"{hub.endpoint}/org/name/tree/main/a").open("a") as stream:
        assert stream.read() == b"inner"


def test_long_lists_come_in_pages(hub: HubServer) -> None:
    hub.add("org/name", {f"{number:04}.json": b"{}" for number in range(PAGE * 2 + 3)})
    assert len(online("hub:org/name").inventory.entries) == PAGE * 2 + 3


def test_140_gigabytes_are_judged_from_three_megabytes(hub: HubServer) -> None:
    shard = Sparse(5 * 10**9, {0: (2).to_bytes(8, "little") + b"{}"})
    hub.add("org/large", {f"model-{number:05}.safetensors": shard for number in range(28)})
    source = online("hub:org/large")
    for entry in source.inventory.entries:
        with source.open(entry.name) as stream:
            assert stream.read(10)[8:] == b"{}"
            stream.seek(-64, io.SEEK_END)
            assert stream.read() == bytes(64)
    assert source.inventory.total_bytes == 140 * 10**9
    assert source.traffic.bytes_fetched < 3_000_000
    assert hub.served < 3_000_000


def test_the_token_stays_at_home(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.add("org/name", FILES, gated=True, token="hf_secret")
    source = online("hub:org/name")
    with source.open("sub/model.bin") as stream:
        assert stream.read() == WEIGHTS
    assert all(seen.headers.get("authorization") == "Bearer hf_secret" for seen in hub.asked("hub"))
    assert hub.asked("cdn")
    assert not any("authorization" in seen.headers for seen in hub.asked("cdn"))
    assert "hf_secret" not in repr(vars(source))


def test_the_token_of_a_login_is_used(hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text("hf_stored\n")
    hub.add("org/name", FILES, token="hf_stored")
    assert online("hub:org/name").inventory
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    with pytest.raises(SourceError, match="does not exist, or needs a token"):
        _ = online("hub:org/name").inventory


def read_weights(source: HubSource) -> None:
    with source.open("sub/model.bin") as stream:
        stream.read()


@pytest.mark.parametrize(
    ("setup", "ref", "token", "error", "says"),
    [
        pytest.param({}, "hub:org/none", "", SourceError, "does not exist, or needs a token", id="no such repository"),
        pytest.param({}, "hub:org/name@v9", "", SourceError, "no such revision", id="no such revision"),
        pytest.param({"gated": True, "token": "t"}, "hub:org/name", "", UnreadableError, "closed to you", id="gated"),
        pytest.param({"gated": True, "token": "t"}, "hub:org/name", "u", UnreadableError, "closed", id="not granted"),
        pytest.param({"token": "t"}, "hub:org/name", "", SourceError, "needs a token", id="private"),
        pytest.param({"linked_etag": "0" * 64}, "hub:org/name", "", UnreadableError, "digest", id="other digest"),
        pytest.param({"linked_commit": "0" * 40}, "hub:org/name", "", UnreadableError, "commit", id="moved"),
    ],
)
def test_what_cannot_be_had_is_named(
    setup: dict[str, object],
    ref: str,
    token: str,
    error: type[KitError],
    says: str,
    hub: HubServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    hub.add("org/name", FILES, **setup)
    with pytest.raises(error, match=says) as refused:
        read_weights(online(ref))
    assert refused.value.hint


def test_an_empty_repository_is_nothing_to_judge(hub: HubServer) -> None:
    hub.add("org/name", {})
    with pytest.raises(NothingToJudgeError, match="holds no file"):
        _ = online("hub:org/name").inventory


def test_names_that_lead_elsewhere_are_unreadable(hub: HubServer) -> None:
    hub.add("org/name", FILES)
    names = ["../up", "/etc/passwd", "a/../b", "a\\b", "", "nul\0", "a//b", 7, "half\ud800", "n" * 5000]
    hub.tree_rows = [{"type": "file", "path": name, "size": 1, "oid": "x"} for name in names]
    entries = online("hub:org/name").inventory.entries
    assert len(entries) == len(names)
    assert {entry.kind for entry in entries} == {EntryKind.UNREADABLE}


@settings(max_examples=200, deadline=None)
@given(st.recursive(JSON_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(JSON_KEYS, inner), max_leaves=20))
def test_any_row_of_a_list_is_an_entry(row: object) -> None:
    entry = hub_listing._entry(row if isinstance(row, dict) else {"path": row, "size": row, "lfs": row})
    assert isinstance(entry.name, str)
    assert entry.kind is EntryKind.UNREADABLE or (is_plain(entry.name) and entry.size >= 0)


@pytest.mark.parametrize("size", [-1, 2**63, "12", None, 1.5])
def test_sizes_that_cannot_be_are_unreadable(size: object, hub: HubServer) -> None:
    hub.add("org/name", FILES)
    hub.tree_rows = [{"type": "file", "path": "w.bin", "size": size, "oid": "x"}]
    assert online("hub:org/name").inventory.entries[0].kind is EntryKind.UNREADABLE


def test_a_list_that_goes_on_elsewhere_is_refused(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.add("org/name", FILES)
    hub.next_page = f'<{hub.content}/api/models/org/name/tree/x>; rel="next"'
    with pytest.raises(UnreadableError, match="another host"):
        _ = online("hub:org/name").inventory
    assert hub.asked("cdn") == []


def test_a_signed_address_that_expires_is_asked_for_again(hub: HubServer) -> None:
    hub.add("org/name", {"big.bin": Sparse(10**9)})
    hub.behave(expires_after=3)
    with online("hub:org/name").open("big.bin") as stream:
        for place in range(0, 10**9, 10**8):
            stream.seek(place)
            assert stream.read(4) == bytes(4)


def test_a_signed_address_is_kept_while_it_is_good(hub: HubServer) -> None:
    hub.add("org/name", {"big.bin": Sparse(10**9)})
    with online("hub:org/name").open("big.bin") as stream:
        for place in range(0, 10**9, 10**8):
            stream.seek(place)
            stream.read(4)
    assert len(hub.asked("hub")) == 3


def test_a_source_travels_to_another_process(hub: HubServer) -> None:
    hub.add("org/name", FILES)
    source = online("hub:org/name")
    read_weights(source)
    assert source.inventory
    before = len(hub.asked("hub"))
    with pickle.loads(pickle.dumps(source)).open("config.json") as stream:
        assert stream.read() == b"{}"
    assert len(hub.asked("hub")) == before + 1
