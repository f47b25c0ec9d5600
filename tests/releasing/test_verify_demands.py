"""Clocks, ages, waivers, demands and evidence: what a signed release claims is judged again by its reader."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ossmodelkit.releasing import keys
from ossmodelkit.workflow.release import release
from tests.making.forged import Change, answer, forge, resign, rewrite
from tests.making.releases import NOW, desk, digest_of, options, project, write_key

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def released(waived: Path) -> Path:
    return waived


CLOCKS: list[Any] = [
    pytest.param(NOW, 0, "", id="the moment of signing"),
    pytest.param(NOW - timedelta(minutes=5), 0, "", id="the reader's clock is five minutes behind"),
    pytest.param(NOW - DAY, 1, "release-from-the-future", id="a day behind"),
    pytest.param(NOW - 400 * DAY, 1, "release-from-the-future", id="a year behind"),
    pytest.param(datetime(1970, 1, 1, tzinfo=NOW.tzinfo), 1, "release-from-the-future", id="a dead battery"),
    pytest.param(datetime(2026, 12, 1, 23, 59, tzinfo=NOW.tzinfo), 0, "", id="the waiver's last day"),
    pytest.param(datetime(2026, 12, 2, tzinfo=NOW.tzinfo), 1, "OPS-009", id="the waiver is over"),
    pytest.param(datetime(2099, 1, 1, tzinfo=NOW.tzinfo), 1, "SEC-007", id="long over"),
]


@pytest.mark.parametrize(("now", "code", "says"), CLOCKS)
def test_the_readers_clock_judges(now: datetime, code: int, says: str, released: Path, out: Path) -> None:
    found = answer(out, now=now, key=str(released / "key.pub"))
    assert found.code == code
    assert says in found.text


def test_clocks_a_little_apart_do_not_matter_at_midnight(tmp_path: Path) -> None:
    project(tmp_path)
    late = desk(tmp_path, now=NOW.replace(hour=0, minute=3) + DAY)
    assert release(options(tmp_path), desk=late).verdict == "released"
    before = NOW.replace(hour=23, minute=57)
    assert answer(tmp_path / "out", now=before, key=str(tmp_path / "key.pub")).word == "verified"


def table(name: str) -> Any:
    """A way to change a JSON document of the release."""

    def apply(out: Path, change: Change) -> None:
        document = json.loads((out / "release" / name).read_text())
        (out / "release" / name).write_text(json.dumps(change(document) or document))

    return lambda change: lambda out: apply(out, change)


def waiver(**more: Any) -> list[dict[str, Any]]:
    """A signed waiver that the publisher wrote into the release by hand."""
    usual = {"check": "SEC-001", "owner": "Eve", "reason": "because I want it to pass now",
             "created": "2026-11-01", "expires": "2026-12-01", "path": "*", "sha256": ""}  # fmt: skip
    return [usual | more]


def without_scan(out: Path) -> None:
    for path in (out / "release" / "evidence").glob("scan-*.json"):
        path.unlink()


def with_finding(out: Path) -> None:
    for path in (out / "release" / "evidence").glob("scan-*.json"):
        record = json.loads(path.read_text())
        record["predicate"]["findings"] = [
            {"check": "pickle-imports-shell", "severity": "critical", "title": "t", "at": {"path": "x.pkl"},
             "saw": "os.system", "remedy": "r"}
        ]  # fmt: skip
        record["predicate"]["details"]["verdict"] = "clean"
        path.write_text(json.dumps(record))


def all_pass(document: Any) -> None:
    document["outcome"] = "pass"
    for one in document["items"]:
        one["state"] = "pass"


def both(*changes: Change) -> Change:
    return lambda out: [change(out) for change in changes]


INDEX = table("release.json")
SIGNED: list[Any] = [
    pytest.param(with_finding, 1, "os.system", id="a finding under the word clean"),
    pytest.param(both(without_scan, table("checklist.json")(all_pass)), 1, "SEC-001", id="pass written by hand"),
    pytest.param(
        both(without_scan, table("waivers.json")(lambda _: waiver())), 1, "cannot be waived", id="waives the unwaivable"
    ),
    pytest.param(table("waivers.json")(lambda _: waiver(expires="2027-11-01")), 1, "180 days", id="waiver of a year"),
    pytest.param(table("waivers.json")(lambda _: waiver(reason="short")), 1, "characters", id="waiver without reason"),
    pytest.param(table("waivers.json")(lambda _: waiver(owner=" ")), 1, "owner", id="waiver without owner"),
    pytest.param(table("waivers.json")(lambda _: waiver(check="*")), 1, "no item", id="waiver for everything"),
    pytest.param(
        table("waivers.json")(lambda _: waiver(check="SEC-007", created="2026-11-25", expires="2026-12-25")),
        1, "begins on", id="waiver from the future",
    ),
    pytest.param(
        table("waivers.json")(lambda _: waiver(check="SEC-007", sha256="ab" * 32)), 1, "other bytes",
        id="waiver of other bytes",
    ),
    pytest.param(INDEX(lambda d: d["demands"].update(profiles=[])), 3, "without a profile", id="asks nothing"),
    pytest.param(INDEX(lambda d: d["demands"].update(refuse_at="critical")), 3, "tighten", id="demands weakened"),
    pytest.param(INDEX(lambda d: d["demands"].update(severity={"SEC-001": "warn"})), 3, "tighten", id="item weakened"),
    pytest.param(INDEX(lambda d: d["demands"].update(max_age_days={"scan": 999})), 3, "tighten", id="age weakened"),
    pytest.param(INDEX(lambda d: d["demands"].update(waive=["SEC-001"])), 3, "waive", id="a demand nobody knows"),
    pytest.param(INDEX(lambda d: d.update(payload_sha256="ab" * 32)), 1, "PRV-003", id="another payload"),
    pytest.param(INDEX(lambda d: d.update(created="soon")), 3, "no date", id="no date"),
    pytest.param(INDEX(lambda d: d.update(created="2027-01-01T00:00:00Z")), 1, "from-the-future", id="a later date"),
    pytest.param(INDEX(lambda d: d["claims"].update(kinds=[])), 1, "statement-missing", id="promises nothing"),
    pytest.param(INDEX(lambda d: d.update(outside={".gitignore": "ab" * 32})), 4, ".gitignore", id="pins what is gone"),
    pytest.param(lambda o: (o / "release" / "release.json").write_text("[1"), 3, "not JSON", id="a broken index"),
    pytest.param(lambda o: (o / "release" / "release.json").write_text("[" * 99999), 3, "JSON", id="a deep index"),
    pytest.param(lambda o: (o / "NOTICE").unlink(), 1, "NOTICE", id="a document left out"),
    pytest.param(lambda o: (o / "README.md").write_text("# x\nAccuracy: 99.9%\n"), 1, "EVL-001", id="a made-up score"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "says"), SIGNED)
def test_what_the_key_holder_writes_is_judged_again(
    change: Change, code: int, says: str, released: Path, out: Path
) -> None:
    change(out)
    resign(out, released / "key")
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, says in found.text) == (code, True), found.text


TRUST: list[Any] = [
    pytest.param({}, 0, "", id="listed"),
    pytest.param({"signer": {"not_after": "2026-11-20"}}, 4, "could sign until", id="no longer allowed when signing"),
    pytest.param({"signer": {"not_before": "2026-11-22"}}, 4, "may sign from", id="not allowed yet"),
    pytest.param({"now": NOW + 5 * DAY, "signer": {"not_after": "2026-11-21"}}, 0, "", id="allowed then, not now"),
    pytest.param({"revoked_keys": ["KEY"]}, 4, "revoked", id="key revoked"),
    pytest.param({"revoked_keys": ["SHORT"]}, 2, "64", id="a fingerprint cut short revokes nothing"),
    pytest.param({"revoked_keys": ["LOUD"]}, 2, "64", id="a fingerprint in capitals"),
    pytest.param({"revoked_digests": ["PAYLOAD"]}, 4, "revoked", id="payload revoked"),
    pytest.param({"revoked_digests": ["sha256:PAYLOAD"]}, 2, "64", id="a digest with a word before it"),
    pytest.param({"required_profiles": ["public-weights"]}, 1, "EVL-002", id="a profile it lacks"),
    pytest.param({"required_profiles": ["public"]}, 2, "did you mean", id="a profile that does not exist"),
    pytest.param({"required_claims": ["https://example.org/audit"]}, 1, "required", id="a statement it lacks"),
    pytest.param({"max_age_days": {"scan": 3}, "now": NOW + 3 * DAY}, 0, "", id="just fresh enough"),
    pytest.param({"max_age_days": {"scan": 3}, "now": NOW + 4 * DAY}, 1, "4 days old", id="too old"),
    pytest.param({"max_age_days": {"loadtest": 30}}, 1, "no loadtest record", id="fresh evidence of what is absent"),
    pytest.param({"max_age_days": {"scann": 3}}, 2, "scann", id="a kind of record that does not exist"),
    pytest.param({"max_age_days": {"scan": -1}}, 2, "less than", id="a negative age"),
    pytest.param({"signer": {"until": "2027-01-01"}}, 2, "until", id="a rule nobody knows"),
    pytest.param({"signer": {"key": ""}}, 2, "either", id="a signer without key or identity"),
    pytest.param({"signer": {"key": "", "identity": "a@b.c"}}, 2, "roots", id="an identity without roots"),
    pytest.param({"signer": {"key": "-----BEGIN PUBLIC KEY-----"}}, 2, "public key", id="half a key"),
    pytest.param({"signer": {"not_after": "2026-01-01", "not_before": "2026-02-01"}}, 2, "before", id="never allowed"),
]


@pytest.mark.parametrize(("rules", "code", "says"), TRUST)
def test_the_trust_file_decides_and_is_never_weaker_than_it_reads(
    rules: dict[str, Any], code: int, says: str, released: Path, out: Path
) -> None:
    fingerprint = keys.fingerprint(keys.load_public(released / "key.pub"))
    more = dict(rules)
    now, signer = more.pop("now", NOW), more.pop("signer", {})
    text = yaml.safe_dump(more).replace("PAYLOAD", digest_of(released / "tuned"))
    text = text.replace("SHORT", fingerprint[:16]).replace("LOUD", fingerprint.upper()).replace("KEY", fingerprint)
    listed = {"name": "Team", "key": (released / "key.pub").read_text(), **signer}
    (out.parent / "trust.yaml").write_text(yaml.safe_dump({"signers": [listed]}) + (text if more else ""))
    found = answer(out, now=now, trust=str(out.parent / "trust.yaml"))
    assert (found.code, says in found.text) == (code, True), found.text


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({}, 0),
        ({"required_profiles": ["internal"]}, 1),
        ({"required_claims": ["result"]}, 1),
        ({"max_age_days": {"scan": 30}}, 1),
        ({"revoked_digests": ["PAYLOAD"]}, 4),
        ({"not_after": "2026-11-20"}, 4),
    ],
)
def test_a_signed_folder_without_documents_meets_no_demand(
    rules: dict[str, Any], code: int, released: Path, tmp_path: Path
) -> None:
    shutil.copytree(released / "tuned", tmp_path / "out")
    resign(tmp_path / "out", released / "key")
    signer = {"name": "Team", "key": (released / "key.pub").read_text()}
    signer |= {name: rules[name] for name in ("not_after",) if name in rules}
    more = {name: value for name, value in rules.items() if name != "not_after"}
    text = yaml.safe_dump({"signers": [signer], **more}).replace("PAYLOAD", digest_of(released / "tuned"))
    (tmp_path / "trust.yaml").write_text(text)
    assert answer(tmp_path / "out", trust=str(tmp_path / "trust.yaml")).code == code
    if not rules:
        (tmp_path / "mine.toml").write_text('profiles = ["internal"]')
        assert (
            answer(tmp_path / "out", trust=str(tmp_path / "trust.yaml"), policy=str(tmp_path / "mine.toml")).code == 1
        )


def test_a_bundle_that_names_no_key_is_matched_against_every_trusted_one(
    released: Path, out: Path, tmp_path: Path
) -> None:
    write_key(tmp_path / "other")
    rewrite(out, lambda b: b["verificationMaterial"]["publicKey"].clear())
    pems = [(tmp_path / "other.pub").read_text(), (released / "key.pub").read_text()]
    for keys_given, code in ((pems, True), (pems[:1], False)):
        signers = [{"name": f"s{i}", "key": pem} for i, pem in enumerate(keys_given)]
        (tmp_path / "trust.yaml").write_text(yaml.safe_dump({"signers": signers}))
        found = answer(out, trust=str(tmp_path / "trust.yaml"))
        assert (found.word == "tampered") is code, "its statements follow another file"


def test_forging_nothing_changes_the_signature_and_nothing_else(released: Path, out: Path) -> None:
    forge(out, released / "key")
    assert answer(out, key=str(released / "key.pub")).named == {"claims.jsonl"}
