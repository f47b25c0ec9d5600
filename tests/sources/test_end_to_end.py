"""Commands on models far away: pinned, cheap, and honest about what the judgement rests on."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ossmodelkit.core.policy import Outcome
from ossmodelkit.project import digests
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.scan import scan
from tests.making.hub_server import HubServer, Sparse


class Payload:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("echo never",)


def shard(size: int) -> Sparse:
    """A safetensors file of `size` bytes with one tensor in it."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return Sparse(size + 8 + len(header), {0: len(header).to_bytes(8, "little") + header})


def kit(*words: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "ossmodelkit", *words]
    return subprocess.run(run, cwd=cwd, env=os.environ | more, capture_output=True, text=True, check=False)


def test_140_gigabytes_are_scanned_from_a_few_megabytes(hub: HubServer, tmp_path: Path) -> None:
    names = [f"model-{number:05}-of-00028.safetensors" for number in range(1, 29)]
    commit = hub.add("org/large", {"config.json": b"{}", **dict.fromkeys(names, shard(5 * 10**9))}).commit
    done = kit("scan", "hub:org/large", "--online", "--format", "json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert (done.returncode, told["verdict"]) == (0, "clean"), done.stderr
    assert len(told["files"]) == 29
    assert hub.served < 50_000_000
    assert f"hub:org/large: revision {commit}" in told["notes"]
    assert any("of 140.0 GB in" in note for note in told["notes"])
    assert any("claims" in note for note in told["notes"])


def test_a_poisoned_pickle_at_an_address_is_refused(hub: HubServer, tmp_path: Path) -> None:
    url = hub.plain("w.pkl", pickle.dumps(Payload()))
    done = kit("scan", url, "--online", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "pickle-imports-shell" in done.stdout


@pytest.mark.parametrize(
    ("manners", "code"),
    [
        pytest.param({"truncates": True}, 3, id="truncated"),
        pytest.param({"new_etag_each_time": True}, 3, id="changing"),
        pytest.param({"redirects": "http://example.org/"}, 3, id="led astray"),
    ],
)
def test_what_cannot_be_read_is_incomplete_and_never_clean(
    manners: dict[str, object], code: int, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.add("org/name", {"config.json": b"{}", "w.safetensors": shard(10**7)})
    hub.behave(**manners)
    report = scan("hub:org/name", online=True)
    assert (report.verdict, report.outcome) == ("incomplete", Outcome.INCOMPLETE)
    assert any(gap.at.path == "w.safetensors" for gap in report.gaps)


def test_evidence_says_which_digests_are_only_claimed(hub: HubServer, desk: Desk) -> None:
    commit = hub.add("org/name", {"config.json": b"{}", "w.safetensors": shard(10**6)}).commit
    scan("hub:org/name", desk=desk, online=True, record=True)
    details = desk.evidence()[0].details
    assert (details["revision"], details["claimed_digests"]) == (commit, 1)


def test_without_permission_nothing_is_asked(hub: HubServer, tmp_path: Path) -> None:
    done = kit("scan", "hub:org/name", cwd=tmp_path)
    assert done.returncode == 2
    assert "--online" in done.stderr
    assert hub.seen == []


def test_digests_of_a_url_are_not_remembered_between_runs(hub: HubServer, tmp_path: Path) -> None:
    url = hub.plain("w.bin", b"one")
    cache = tmp_path / "digests.json"
    first = open_source(url, online=True)
    assert digests.digest_payload(first, cache=cache) == digests.digest_payload(first, cache=cache)
    hub.plain("w.bin", b"two")
    assert digests.digest_payload(open_source(url, online=True), cache=cache) != digests.digest_payload(first)


def test_the_subject_of_a_hub_model_is_the_one_of_its_download(hub: HubServer, tmp_path: Path) -> None:
    files = {"config.json": b"{}", "w.safetensors": shard(10**6).read(0, 10**7)}
    hub.add("org/name", files)
    (tmp_path / "name").mkdir()
    for name, data in files.items():
        (tmp_path / "name" / name).write_bytes(data)
    desk = Desk()
    remote = open_source("hub:org/name", online=True)
    assert desk.subject(remote).sha256 == desk.subject(open_source(str(tmp_path / "name"))).sha256
    assert hub.served < 1000
