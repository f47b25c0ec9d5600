"""Files are brought whole and right, or not at all; what was broken off is continued."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ossmodelkit.foundation.errors import IntegrityError, KitError, SourceError, UnreadableError, UsageError
from ossmodelkit.sources import fetching
from ossmodelkit.sources.fetching import fetch
from ossmodelkit.sources.hub import HubSource
from ossmodelkit.sources.hub_refs import parse_hub
from ossmodelkit.sources.hub_settings import hub_settings
from ossmodelkit.sources.local import LocalSource
from ossmodelkit.sources.patience import Patience
from tests.making.hub_server import HubServer, Sparse

WEIGHTS = bytes(range(256)) * 40_000
FILES = {"config.json": b"{}", "sub/model.bin": WEIGHTS, "empty": b""}
HURRY = Patience(connect_seconds=2, grace_seconds=1, first_pause_seconds=0.01, tries=2)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def source() -> HubSource:
    return HubSource("hub:org/name", parse_hub("hub:org/name"), hub_settings(), patience=HURRY)


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.part"))


def test_files_arrive_under_their_names_and_verified(hub: HubServer, out: Path) -> None:
    hub.add("org/name", FILES)
    brought = fetch(source(), FILES, out)
    assert {name: (out / name).read_bytes() for name in FILES} == FILES
    assert {one.name: one.verified for one in brought} == {"config.json": False, "sub/model.bin": True, "empty": False}
    assert parts(out) == []


def test_what_broke_off_is_continued(hub: HubServer, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("org/name", FILES)
    monkeypatch.setenv("KIT_FETCH_LIMIT", "5M")
    monkeypatch.setattr(fetching, "_allow", lambda source, total: None)
    with pytest.raises(UnreadableError, match="more than"):
        fetch(source(), ["sub/model.bin"], out)
    held = parts(out)[0].stat().st_size
    assert 2_000_000 < held < len(WEIGHTS)
    assert not (out / "sub/model.bin").exists()
    monkeypatch.undo()
    again = HubSource("hub:org/name", parse_hub("hub:org/name"), replace(hub_settings(), endpoint=hub.endpoint))
    fetch(again, ["sub/model.bin"], out)
    assert (out / "sub/model.bin").read_bytes() == WEIGHTS
    assert again.traffic.bytes_fetched < len(WEIGHTS) - held + 100_000
    assert parts(out) == []


def test_a_part_that_somebody_spoiled_is_noticed_and_dropped(hub: HubServer, out: Path) -> None:
    hub.add("org/name", FILES)
    hub.behave(truncates=True)
    with pytest.raises(KitError):
        fetch(source(), ["sub/model.bin"], out)
    part = parts(out)[0]
    part.write_bytes(b"\0" * 1000)
    hub.behave()
    with pytest.raises(IntegrityError, match="was claimed"):
        fetch(source(), ["sub/model.bin"], out)
    assert parts(out) == []
    assert fetch(source(), ["sub/model.bin"], out)[0].verified


def test_a_part_longer_than_the_file_is_started_anew(hub: HubServer, out: Path) -> None:
    hub.add("org/name", FILES)
    hub.behave(truncates=True)
    with pytest.raises(KitError):
        fetch(source(), ["sub/model.bin"], out)
    parts(out)[0].write_bytes(WEIGHTS + b"more")
    hub.behave()
    assert fetch(source(), ["sub/model.bin"], out)[0].verified


def test_a_file_that_is_there_and_right_is_kept(hub: HubServer, out: Path) -> None:
    hub.add("org/name", FILES)
    fetch(source(), ["sub/model.bin"], out)
    before = hub.served
    assert fetch(source(), ["sub/model.bin"], out)[0].verified
    assert hub.served == before


@pytest.mark.parametrize("name", ["sub/model.bin", "config.json"])
def test_a_file_that_is_there_and_may_be_another_is_not_touched(name: str, hub: HubServer, out: Path) -> None:
    hub.add("org/name", FILES)
    (out / name).parent.mkdir(parents=True)
    (out / name).write_bytes(b"mine")
    with pytest.raises(UsageError, match="already there"):
        fetch(source(), [name], out)
    assert (out / name).read_bytes() == b"mine"


def test_nothing_is_written_through_a_link(hub: HubServer, out: Path, tmp_path: Path) -> None:
    hub.add("org/name", FILES)
    (tmp_path / "elsewhere").mkdir()
    out.mkdir()
    (out / "sub").symlink_to(tmp_path / "elsewhere")
    (out / "config.json").symlink_to(tmp_path / "elsewhere" / "config.json")
    for name in ("sub/model.bin", "config.json"):
        with pytest.raises(UsageError, match=r"in the way|already there"):
            fetch(source(), [name], out)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_names_that_lead_out_are_not_fetched(hub: HubServer, out: Path) -> None:
    hub.add("org/name", FILES)
    hub.tree_rows = [{"type": "file", "path": "../up.bin", "size": 3, "oid": "x"}]
    with pytest.raises(UnreadableError, match="cannot be fetched"):
        fetch(source(), ["../up.bin"], out)
    with pytest.raises(SourceError, match="no file"):
        fetch(source(), ["none"], out)


def test_a_disk_that_is_too_small_is_told_at_once(hub: HubServer, out: Path) -> None:
    hub.add("org/name", {"w.bin": Sparse(10**16)})
    with pytest.raises(UsageError, match="do not fit"):
        fetch(source(), ["w.bin"], out)
    assert hub.served < 100


def test_a_local_source_can_be_fetched_from_as_well(tmp_path: Path, out: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w.bin").write_bytes(WEIGHTS)
    assert fetch(LocalSource(tmp_path / "model"), ["w.bin"], out)[0].size == len(WEIGHTS)
    assert (out / "w.bin").read_bytes() == WEIGHTS
