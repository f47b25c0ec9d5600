"""Trust files, policies and clocks of odd shape: never weaker than they read, and refused where they read two ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ossmodelkit.core.evidence import Kind
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.project import ledger
from ossmodelkit.releasing import keys
from ossmodelkit.workflow.key import trust
from ossmodelkit.workflow.release import check, release
from tests.making.authorities import Authority
from tests.making.forged import answer
from tests.making.releases import NOW, SETTINGS, WAIVER, desk, options, project, record

DAY = timedelta(days=1)
ROOT = Authority().pem.decode()


def listed(released: Path, **more: Any) -> dict[str, Any]:
    return {"name": "Team", "key": (released / "key.pub").read_text(), **more}


TEXTS: list[Any] = [
    pytest.param("SIGNERS", 0, "", id="as it should be"),
    pytest.param("SIGNERS\nrevoked_keys: [KEY]\nrevoked_keys: []\n", 2, "stands twice", id="revoked, and then not"),
    pytest.param("SIGNERS\nsigners: []\n", 2, "stands twice", id="two lists of signers"),
    pytest.param("- {}\n", 2, "wanted a table", id="a list"),
    pytest.param("false\n", 2, "wanted a table", id="false"),
    pytest.param("[]\n", 2, "wanted a table", id="an empty list"),
    pytest.param("# nobody\n", 4, "is not in", id="nobody is trusted"),
    pytest.param("signers: []\n", 4, "is not in", id="an empty list of signers"),
    pytest.param("signers:\n", 2, "wanted a list", id="signers of nothing"),
    pytest.param("SIGNERS\nrevoked_keys: KEY\n", 2, "wanted a list", id="one revoked key, not in a list"),
    pytest.param("SIGNERS\nrevoked_keys: ['KEY ']\n", 2, "64", id="a revoked key with a space"),
    pytest.param("SIGNERS\nrevoke: [KEY]\n", 2, "did you mean", id="a misspelt rule"),
    pytest.param("SIGNERS\nrevoked_digests: !!python/name:os.system\n", 2, "constructor", id="a tag"),
    pytest.param("a: &a [x]\nSIGNERS\nrevoked_keys: *a\n", 2, "repeats", id="an alias of a list"),
    pytest.param("SIGNERS\nrequired_claims: [reslut]\n", 2, "did you mean", id="a misspelt statement"),
    pytest.param("SIGNERS\nrequired_claims: ['']\n", 2, "no statement", id="a statement of nothing"),
    pytest.param("SIGNERS\nrequired_claims: ['https://slsa.dev/provenance/v1']\n", 0, "", id="a statement by its URI"),
    pytest.param("SIGNERS\nrequired_profiles: internal\n", 2, "wanted a list", id="a profile, not in a list"),
    pytest.param("SIGNERS\nmax_age_days: {scan: 3.5}\n", 2, "whole number", id="half a day"),
    pytest.param("SIGNERS\nmax_age_days: {scan: true}\n", 2, "a number", id="an age that is true"),
    pytest.param("SIGNERS\nmax_age_days: {scan: .inf}\n", 2, "whole number", id="for ever"),
    pytest.param("SIGNERS\n---\nrevoked_keys: [KEY]\n", 2, "single document", id="a second document"),
    pytest.param("[" * 50_000, 2, "nested", id="nested without end"),
]


@pytest.mark.parametrize(("text", "code", "says"), TEXTS)
def test_a_trust_file_reads_one_way(text: str, code: int, says: str, released: Path, tmp_path: Path) -> None:
    file, key = tmp_path / "trust.yaml", keys.fingerprint(keys.load_public(released / "key.pub"))
    signers = yaml.safe_dump({"signers": [listed(released)]})
    file.write_text(text.replace("SIGNERS", signers).replace("KEY", key).replace(f"PUBLIC {key}", "PUBLIC KEY"))
    found = answer(released / "out", trust=str(file))
    assert (found.code, says in found.text) == (code, True), found.text


SIGNERS: list[Any] = [
    pytest.param([{"not_before": NOW.date(), "not_after": NOW.date()}], 0, "", id="this day alone"),
    pytest.param([{"not_after": "2026-11-20", "not-after": "2030-01-01"}], 2, "stands twice", id="two last days"),
    pytest.param([{"not_after": "2026-13-01"}], 2, "a date", id="a month that is none"),
    pytest.param([{"not_after": datetime(2027, 1, 1, 10, tzinfo=UTC)}], 2, "a date", id="a moment"),
    pytest.param([{"name": " "}], 2, "without a name", id="no name"),
    pytest.param([{"name": 5}], 2, "wanted text", id="a number for a name"),
    pytest.param([{"issuer": "Root"}], 2, "certificates", id="a key with an issuer"),
    pytest.param([{"roots": ROOT}], 2, "certificates", id="a key with roots"),
    pytest.param([{}, {"name": "Again", "not_after": "2030-01-01"}], 2, "has the key of", id="the same key again"),
    pytest.param([{}, {"name": "Team"}], 2, "has the key of", id="the same key, the same name"),
    pytest.param([{}, {"key": "", "identity": "a@b.c", "roots": "x"}], 2, "certificate", id="roots of noise"),
    pytest.param([{}, {"key": "", "identity": "*@b.c", "roots": ROOT}], 2, "no pattern", id="everybody's identity"),
    pytest.param([{}, {"key": "", "identity": "a@b.c ", "roots": ROOT}], 2, "spaces", id="an identity and a space"),
    pytest.param([{}, {"key": "", "identity": "a@b.c", "roots": ROOT}], 0, "", id="a key and an identity"),
    pytest.param([{"key": "PRIVATE"}], 2, "private key", id="the private half"),
    pytest.param([{"key": "TWICE"}], 2, "holds 2 keys", id="two keys in one"),
]


@pytest.mark.parametrize(("signers", "code", "says"), SIGNERS)
def test_a_signer_is_one_key_or_one_identity(
    signers: list[dict[str, Any]], code: int, says: str, released: Path, tmp_path: Path
) -> None:
    texts = {"PRIVATE": (released / "key").read_text(), "TWICE": (released / "key.pub").read_text() * 2}
    rows = [listed(released, **one) for one in signers]
    for row in rows:
        row["key"] = texts.get(row["key"], row["key"])
    (tmp_path / "trust.yaml").write_text(yaml.safe_dump({"signers": rows}))
    found = answer(released / "out", trust=str(tmp_path / "trust.yaml"))
    assert (found.code, says in found.text) == (code, True), found.text


def test_a_key_is_not_added_to_a_trust_file_that_reads_two_ways(released: Path, tmp_path: Path) -> None:
    (tmp_path / "trust.yaml").write_text("revoked_keys: []\nrevoked_keys: []\n")
    with pytest.raises(UsageError, match="twice"):
        trust(released / "key.pub", name="Team", until="", file=tmp_path / "trust.yaml")


POLICIES: list[Any] = [
    pytest.param("", 0, id="nothing more"),
    pytest.param("profiles = ['internal', 'internal']", 0, id="a profile twice"),
    pytest.param("[max_age_days]\nscan = 0", 0, id="of the same day"),
    pytest.param("[max_age_days]\nlicense = 99999", 0, id="old, where no limit was"),
    pytest.param("fail_on = 'info'", 1, id="every remark refuses"),
    pytest.param("[severity]\nSEC-007 = 'block'", 1, id="one item refuses"),
    pytest.param("profiles = []", 2, id="no profile"),
    pytest.param("fail_on = 'never'", 2, id="never"),
    pytest.param("waivers = []", 2, id="waivers"),
    pytest.param("[max_age_days]\nscan = true", 2, id="an age that is true"),
    pytest.param("[severity]\nSEC-001 = 'info'", 2, id="an item made lighter"),
    pytest.param("name = 'x'\nname = 'y'", 2, id="a key twice"),
]


@pytest.mark.parametrize(("text", "code"), POLICIES)
def test_a_readers_policy_adds_and_never_takes_away(text: str, code: int, released: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    found = answer(released / "out", key=str(released / "key.pub"), policy=str(tmp_path / "mine.toml"))
    assert found.code == code, found.text


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), 1),
        (NOW - timedelta(minutes=9), 0),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), 0),
    ],
)
def test_no_clock_makes_the_reader_fall(now: datetime, code: int, released: Path) -> None:
    assert answer(released / "out", now=now, key=str(released / "key.pub")).code == code


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        pytest.param("-1", "not a number", id="before the epoch"),
        pytest.param("1e9", "not a number", id="an exponent"),
        pytest.param(" 1700000000", "not a number", id="a space"),
        pytest.param("1_700_000_000", "not a number", id="underscores"),
        pytest.param("١٧٠٠٠٠٠٠٠٠", "not a number", id="Arabic digits"),
        pytest.param("9" * 40, "not a number", id="forty digits"),
        pytest.param(str(int((NOW + DAY).timestamp())), "future", id="tomorrow"),
        pytest.param("253402300799", "future", id="the year 9999"),
    ],
)
def test_a_silly_date_for_the_documents_is_refused(
    seconds: str, says: str, released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    with pytest.raises(UsageError, match=says):
        check(options(released), desk=desk(released))


def test_an_early_date_for_the_documents_makes_no_old_scan_fresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path)
    later = desk(tmp_path, now=NOW + 31 * DAY)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(NOW.timestamp())))
    states = {one["id"]: one["state"] for one in check(options(tmp_path), desk=later).data["items"]}
    assert states["SEC-003"] == "stale"
    digest = next(one.subject.sha256 for one in later.evidence() if one.kind is Kind.FINETUNE)
    fresh = record(Kind.SCAN, digest, verdict="clean")
    ledger.append(tmp_path / ".kit" / "evidence", replace(fresh, created=NOW + 30 * DAY))
    assert release(options(tmp_path), desk=later).verdict == "released"
    found = answer(tmp_path / "out", now=NOW + 31 * DAY, key=str(tmp_path / "key.pub"))
    assert found.word == "verified", found.text


STATED: list[Any] = [
    pytest.param("2026-11-21", "2026-11-21", "2026-11-21", "pass", id="all of this day"),
    pytest.param("2026-11-21", "2026-11-20", "2027-01-01", "stale", id="over since yesterday"),
    pytest.param("2026-11-22", "2027-01-01", "2027-01-01", "fail", id="of tomorrow"),
    pytest.param("2026-11-21", "2027-01-01", "2026-11-20", "stale", id="a review that was due"),
    pytest.param("2026-11-21", "2027-01-01", "soon", "fail", id="a review some day"),
    pytest.param("~", "~", "2027-01-01", "fail", id="no date"),
    pytest.param("'2026-11-21'", "~", "2027-01-01", "pass", id="in quotation marks, for ever"),
    pytest.param("21.11.2026", "~", "2027-01-01", "error", id="a date as written elsewhere"),
    pytest.param("2026-02-31", "~", "2027-01-01", "error", id="a day that is none"),
    pytest.param("2026-11-21T10:00:00Z", "~", "2027-01-01", "error", id="a moment"),
]


@pytest.mark.parametrize(("day", "end", "review", "state"), STATED)
def test_a_statement_holds_to_its_last_day(day: str, end: str, review: str, state: str, tmp_path: Path) -> None:
    made, contact = project(tmp_path), "team: T, contact: c@d.e"
    (tmp_path / "attest.yaml").write_text(
        f"OPS-003: {{by: Ada, date: {day}, expires: {end}, {contact}, next_review: {review}}}\n"
    )
    if state == "error":
        with pytest.raises(UsageError, match=r"attest\.yaml"):
            check(options(tmp_path), desk=made)
        return
    states = {one["id"]: one["state"] for one in check(options(tmp_path), desk=made).data["items"]}
    assert states["OPS-003"] == state


def test_a_waiver_that_nothing_needs_is_told(tmp_path: Path) -> None:
    text = SETTINGS + WAIVER.replace("SEC-007", "DOC-001") + WAIVER
    notes = check(options(tmp_path), desk=project(tmp_path, settings_text=text)).notes
    assert [note.split(":")[0] for note in notes if "waived" in note or "DOC-001" in note] == [
        "waived until 2026-12-01", "the waiver for DOC-001 is not needed",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["TODO", " ", "tbd"])
def test_a_statement_by_nobody_is_no_statement(name: str, tmp_path: Path) -> None:
    made = project(tmp_path)
    (tmp_path / "attest.yaml").write_text(
        f"OPS-003: {{by: '{name}', date: 2026-11-20, team: T, contact: c@d.e, next_review: 2027-01-01}}\n"
    )
    states = {one["id"]: one["why"] for one in check(options(tmp_path), desk=made).data["items"]}
    assert "names nobody" in states["OPS-003"]
