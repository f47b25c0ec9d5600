"""Whatever is done to a release after signing is found, named, and answered with the right exit code."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.releasing import keys, listing, signing
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.release import release
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.releases import NOW, SETTINGS, options, project, write_key

WAIVER = """
[[policy.waivers]]
check = "SEC-007"
owner = "Ada Example"
reason = "the audit of the locked runtime is planned for next week"
created = 2026-11-01
expires = 2026-12-01
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("released")
    desk = project(root, settings_text=SETTINGS + WAIVER)
    assert release(options(root), desk=desk).verdict == "released"
    return root


@pytest.fixture
def out(released: Path, tmp_path: Path) -> Path:
    copy: Path = shutil.copytree(released / "out", tmp_path / "out")
    return copy


def judged(out: Path, key: Path, *, now: datetime = NOW, **wanted: Any) -> Report:
    """What `kit verify` says of a folder."""
    return verify(out, Wanted(whom=Whom(key=str(key)), **wanted), desk=Desk(now=now))


def seen(report: Report) -> dict[str, str]:
    return {finding.at.path: finding.check for finding in report.findings}


def resign(out: Path, key: Path) -> None:
    """What the holder of the key could do: sign the changed folder again."""
    for name in ("model.sig", "claims.jsonl"):
        (out / name).unlink(missing_ok=True)
    digests = listing.digest_files(out, listing.list_folder(out).files)
    signer = signing.key_signer(keys.load_private(key, lambda: b""))
    (out / "model.sig").write_bytes(signing.sign("out", digests, signer))


def test_an_untouched_release_verifies(released: Path, out: Path) -> None:
    report = judged(out, released / "key.pub")
    assert report.verdict == "verified", report.findings
    assert sum(report.data["totals"].values()) == 79
    assert any("waived until 2026-12-01: SEC-007" in note for note in report.notes)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap_for_link(path: Path) -> None:
    kept = path.with_name("elsewhere")
    path.rename(kept)
    path.symlink_to(kept.name)


CHANGES: list[Any] = [
    pytest.param(
        lambda o: flip(o / "adapter_model.safetensors"), {"adapter_model.safetensors": "file-changed"}, id="byte"
    ),
    pytest.param(lambda o: flip(o / "README.md"), {"README.md": "file-changed"}, id="card"),
    pytest.param(
        lambda o: flip(o / "release/checklist.json"), {"release/checklist.json": "file-changed"}, id="checklist"
    ),
    pytest.param(lambda o: (o / "new.py").write_text("x"), {"new.py": "file-added"}, id="added"),
    pytest.param(lambda o: (o / ".hidden").write_text("x"), {".hidden": "file-added"}, id="hidden"),
    pytest.param(
        lambda o: (o / "release/model.sig").write_text("x"), {"release/model.sig": "file-added"}, id="nested sig"
    ),
    pytest.param(lambda o: (o / "LICENSE").unlink(), {"LICENSE": "file-missing"}, id="removed"),
    pytest.param(lambda o: (o / "LICENSE").rename(o / "LICENSE2"), {"LICENSE2": "file-renamed"}, id="renamed"),
    pytest.param(
        lambda o: swap_for_link(o / "NOTICE"), {"NOTICE": "file-not-plain", "elsewhere": "file-added"}, id="link"
    ),
    pytest.param(lambda o: (o / "data").symlink_to("/etc"), {"data": "file-not-plain"}, id="linked folder"),
    pytest.param(lambda o: os.mkfifo(o / "pipe"), {"pipe": "file-not-plain"}, id="pipe"),
    pytest.param(lambda o: (o / "MODEL.SIG").write_text("x"), {"MODEL.SIG": "file-added"}, id="other case"),
]


@pytest.mark.parametrize(("change", "findings"), CHANGES)
def test_every_change_is_named(
    change: Callable[[Path], object], findings: dict[str, str], released: Path, out: Path
) -> None:
    change(out)
    report = judged(out, released / "key.pub")
    assert report.verdict == "tampered"
    assert seen(report) == findings


def test_two_files_that_trade_places_are_found(released: Path, out: Path) -> None:
    one, other = out / "LICENSE", out / "NOTICE"
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)
    assert seen(judged(out, released / "key.pub")) == {"LICENSE": "file-changed", "NOTICE": "file-changed"}


def test_what_the_format_leaves_out_is_listed(released: Path, out: Path) -> None:
    (out / ".gitattributes").write_text("x")
    (out / ".git").mkdir()
    (out / ".git" / "evil.py").write_text("x")
    report = judged(out, released / "key.pub")
    assert report.verdict == "verified"
    assert report.data["not_covered"] == (".git", ".gitattributes", "claims.jsonl")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda o: (o / "model.sig").unlink(), id="absent"),
        pytest.param(lambda o: (o / "model.sig").write_text("{}"), id="no bundle"),
        pytest.param(lambda o: (o / "model.sig").write_bytes(b"\xff\x00"), id="no text"),
        pytest.param(lambda o: swap_for_link(o / "model.sig"), id="a link"),
        pytest.param(lambda o: edit(o / "model.sig", '"keyid":""', '"keyid":"","x":1,"x":2'), id="a key twice"),
        pytest.param(lambda o: edit(o / "model.sig", "in-toto+json", "other+json"), id="payload type"),
        pytest.param(lambda o: edit(o / "model.sig", '"sig":"', '"sig":"AA'), id="signature"),
    ],
)
def test_a_broken_signature_is_not_trusted(change: Callable[[Path], object], released: Path, out: Path) -> None:
    change(out)
    assert judged(out, released / "key.pub").verdict == "untrusted"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_another_key_is_not_trusted(released: Path, out: Path, tmp_path: Path) -> None:
    write_key(tmp_path / "other")
    report = judged(out, tmp_path / "other.pub")
    assert report.verdict == "untrusted"
    assert "not by the key you gave" in report.summary


def test_a_private_key_is_no_public_key(released: Path, out: Path) -> None:
    with pytest.raises(UsageError, match="private key"):
        judged(out, released / "key")


def test_a_hand_edited_pass_is_worth_nothing(released: Path, out: Path) -> None:
    """The holder of the key takes the scan out and writes "pass" into the checklist."""
    for path in (out / "release/evidence").glob("scan-*.json"):
        path.unlink()
    checklist = json.loads((out / "release/checklist.json").read_text())
    for item in checklist["items"]:
        item["state"] = "pass"
    (out / "release/checklist.json").write_text(json.dumps(checklist))
    resign(out, released / "key")
    report = judged(out, released / "key.pub")
    assert report.verdict == "refused"
    assert "SEC-001" in {finding.check for finding in report.findings}


def test_a_finding_added_to_the_evidence_refuses(released: Path, out: Path) -> None:
    for path in (out / "release/evidence").glob("scan-*.json"):
        record = json.loads(path.read_text())
        record["predicate"]["findings"] = [
            {"check": "pickle-imports-shell", "severity": "critical", "title": "t", "at": {"path": "x.pkl"},
             "saw": "os.system", "remedy": "r"}
        ]  # fmt: skip
        path.write_text(json.dumps(record))
    resign(out, released / "key")
    report = judged(out, released / "key.pub")
    assert report.verdict == "refused"
    assert "os.system" in " ".join(finding.saw for finding in report.findings)


@pytest.mark.parametrize(
    ("days", "verdict", "why"),
    [
        pytest.param(9, "verified", "", id="inside the waiver"),
        pytest.param(11, "refused", "OPS-009", id="the waiver is over"),
        pytest.param(-2, "refused", "release-from-the-future", id="the reader's clock is behind"),
    ],
)
def test_time_is_judged_by_the_reader(days: int, verdict: str, why: str, released: Path, out: Path) -> None:
    report = judged(out, released / "key.pub", now=NOW + timedelta(days=days))
    assert report.verdict == verdict
    assert not why or why in {finding.check for finding in report.findings}


def test_a_release_without_waivers_verifies_for_ever(tmp_path: Path) -> None:
    desk = project(tmp_path)
    assert release(options(tmp_path), desk=desk).verdict == "released"
    report = judged(tmp_path / "out", tmp_path / "key.pub", now=datetime(2056, 1, 1, tzinfo=UTC))
    assert report.verdict == "verified", report.findings


@pytest.mark.parametrize(
    ("change", "check"),
    [
        pytest.param(lambda p: p.unlink(), "statement-missing", id="dropped"),
        pytest.param(
            lambda p: p.write_bytes(p.read_bytes().splitlines(keepends=True)[0]), "statement-missing", id="a line"
        ),
        pytest.param(lambda p: p.write_text("{}\n"), "statement-not-trusted", id="rewritten"),
    ],
)
def test_statements_cannot_be_dropped(change: Callable[[Path], object], check: str, released: Path, out: Path) -> None:
    change(out / "claims.jsonl")
    report = judged(out, released / "key.pub")
    assert report.verdict == "tampered"
    assert check in {finding.check for finding in report.findings}


def test_statements_of_another_release_do_not_count(released: Path, out: Path, tmp_path: Path) -> None:
    shutil.copyfile(released / "key", tmp_path / "key")
    desk = project(tmp_path / "p", size=32)
    release(options(tmp_path / "p", key=str(released / "key")), desk=desk)
    shutil.copyfile(tmp_path / "p" / "out" / "claims.jsonl", out / "claims.jsonl")
    report = judged(out, released / "key.pub")
    assert report.verdict == "tampered"
    assert "about another release" in " ".join(finding.saw for finding in report.findings)


def test_stricter_demands_of_the_reader_count(released: Path, out: Path, tmp_path: Path) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text('name = "mine"\nprofiles = ["public-weights"]\n')
    report = judged(out, released / "key.pub", policy=str(policy))
    assert report.verdict == "refused"
    assert {"EVL-002", "DAT-001"} <= {finding.check for finding in report.findings}


@pytest.mark.parametrize(
    "text",
    ['refuse_at = "critical"', '[severity]\n"SEC-001" = "warn"', "[max_age_days]\nscan = 400", 'profile = ["internal"]',
     'profiles = ["nowhere"]', '[severity]\n"SEC-999" = "block"'],
)  # fmt: skip
def test_demands_may_only_tighten(text: str, released: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "loose.toml").write_text(text)
    with pytest.raises(UsageError):
        judged(out, released / "key.pub", policy=str(tmp_path / "loose.toml"))
