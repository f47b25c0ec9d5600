"""Whatever is done to a release after signing is found, named, and answered with the right exit code."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.release import release
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.releases import NOW, options, project, write_key


@pytest.fixture(scope="module")
def released(waived: Path) -> Path:
    return waived


def judged(out: Path, key: Path, *, now: datetime = NOW, **wanted: Any) -> Report:
    """What `kit verify` says of a folder."""
    return verify(out, Wanted(whom=Whom(key=str(key)), **wanted), desk=Desk(now=now))


def seen(report: Report) -> dict[str, str]:
    return {finding.at.path: finding.check for finding in report.findings}


def test_an_untouched_release_verifies(released: Path, out: Path) -> None:
    report = judged(out, released / "key.pub")
    assert report.verdict == "verified", report.findings
    assert sum(report.data["totals"].values()) == 79
    assert any("waived until 2026-12-01: SEC-007" in note for note in report.notes)


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


def test_another_key_is_not_trusted(released: Path, out: Path, tmp_path: Path) -> None:
    write_key(tmp_path / "other")
    report = judged(out, tmp_path / "other.pub")
    assert report.verdict == "untrusted"
    assert "not by the key you gave" in report.summary


def test_a_private_key_is_no_public_key(released: Path, out: Path) -> None:
    with pytest.raises(UsageError, match="private key"):
        judged(out, released / "key")


def test_a_release_without_waivers_verifies_for_ever(tmp_path: Path) -> None:
    desk = project(tmp_path)
    assert release(options(tmp_path), desk=desk).verdict == "released"
    report = judged(tmp_path / "out", tmp_path / "key.pub", now=datetime(2056, 1, 1, tzinfo=UTC))
    assert report.verdict == "verified", report.findings


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
