"""Whose signature counts: trust files, validity and revocation."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.releasing import keys
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.key import trust
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.releases import NOW, digest_of, write_key


def judged(out: Path, now: datetime = NOW, **whom: str) -> Report:
    return verify(out, Wanted(whom=Whom(**whom)), desk=Desk(now=now))


def trust_file(root: Path, folder: Path, **more: Any) -> str:
    """A trust file that lists the release's key, and whatever else is asked."""
    signer = {"name": "Release team", "key": (root / "key.pub").read_text(), **more.pop("signer", {})}
    path = folder / "trust.yaml"
    path.write_text(yaml.safe_dump({"signers": [signer], **more}))
    return str(path)


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        pytest.param({}, "verified", id="listed"),
        pytest.param({"signer": {"not_after": "2026-11-20"}}, "untrusted", id="no longer allowed"),
        pytest.param({"signer": {"not_before": "2026-11-22"}}, "untrusted", id="not yet allowed"),
        pytest.param({"signer": {"not_after": "2026-11-21"}}, "verified", id="the last day"),
        pytest.param({"revoked_keys": ["KEY"]}, "untrusted", id="key revoked"),
        pytest.param({"revoked_digests": ["PAYLOAD"]}, "untrusted", id="payload revoked"),
        pytest.param({"required_profiles": ["internal"]}, "verified", id="a profile it has"),
        pytest.param({"required_profiles": ["public-weights"]}, "refused", id="a profile it lacks"),
        pytest.param({"required_claims": ["result"]}, "verified", id="a statement it has"),
        pytest.param({"required_claims": ["https://example.org/x"]}, "refused", id="a statement it lacks"),
        pytest.param({"max_age_days": {"scan": 0}}, "verified", id="fresh enough"),
    ],
)
def test_the_trust_file_decides(more: dict[str, Any], verdict: str, released: Path, tmp_path: Path) -> None:
    fingerprint = keys.fingerprint(keys.load_public(released / "key.pub"))
    text = yaml.safe_dump(more).replace("PAYLOAD", digest_of(released / "tuned")).replace("KEY", fingerprint)
    path = trust_file(released, tmp_path, **yaml.safe_load(text))
    report = judged(released / "out", trust=path)
    assert report.verdict == verdict, report.findings
    if verdict == "verified":
        assert report.data["trusted_as"] == "Release team"


def test_old_evidence_is_refused_where_the_reader_sets_an_age(released: Path, tmp_path: Path) -> None:
    path = trust_file(released, tmp_path, max_age_days={"scan": 30})
    assert judged(released / "out", trust=path).verdict == "verified"
    assert judged(released / "out", NOW + timedelta(days=31), trust=path).verdict == "refused"


def test_a_key_alone_does_not_pass_a_trust_file(released: Path, tmp_path: Path) -> None:
    write_key(tmp_path / "other")
    (tmp_path / "trust.yaml").write_text(
        yaml.safe_dump({"signers": [{"name": "x", "key": (tmp_path / "other.pub").read_text()}]})
    )
    report = judged(released / "out", key=str(released / "key.pub"), trust=str(tmp_path / "trust.yaml"))
    assert report.verdict == "untrusted"


@pytest.mark.parametrize("text", ["signer: []", "signers: [{key: x}]", "- a", "signers: [", "revoked_key: [x]"])
def test_a_broken_trust_file_is_one_clear_line(text: str, released: Path, tmp_path: Path) -> None:
    (tmp_path / "trust.yaml").write_text(text)
    with pytest.raises(UsageError):
        judged(released / "out", trust=str(tmp_path / "trust.yaml"))


def test_nobody_named_is_wrong_use(released: Path) -> None:
    with pytest.raises(UsageError, match="whose signature"):
        judged(released / "out")


def test_a_signer_is_added_to_a_trust_file(released: Path, tmp_path: Path) -> None:
    file = tmp_path / "trust.yaml"
    trust(released / "key.pub", name="Release team", until="2027-12-31", file=file)
    assert judged(released / "out", trust=str(file)).verdict == "verified"
    with pytest.raises(UsageError, match="already"):
        trust(released / "key.pub", name="again", until="", file=file)
