"""What a release holds, when it is refused, and what a crash or a second run leaves."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.finding import Finding, Place, Severity
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import KitError, UsageError
from ossmodelkit.project import ledger
from ossmodelkit.releasing import staging
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.release import check, release
from ossmodelkit.workflow.release_attach import attach
from ossmodelkit.workflow.release_diff import diff
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.releases import (
    NOW,
    SETTINGS,
    desk,
    digest_of,
    license_details,
    options,
    project,
    record,
    run_details,
    write_base,
)


def judged(out: Path, key: Path) -> Report:
    return verify(out, Wanted(whom=Whom(key=str(key))), desk=Desk(now=NOW))


def states(report: Report) -> dict[str, str]:
    return {item["id"]: item["state"] for item in report.data["items"]}


def test_a_tuned_model_is_released_with_everything(tmp_path: Path) -> None:
    report = release(options(tmp_path), desk=project(tmp_path))
    assert report.verdict == "released", report.findings
    assert sum(report.data["totals"].values()) == len(report.data["items"]) == 79
    out = tmp_path / "out"
    for name in ("README.md", "LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md", "model.sig", "claims.jsonl"):
        assert (out / name).stat().st_size > 0, name
    assert (out / "LICENSE").read_bytes() == (tmp_path / "base" / "LICENSE").read_bytes()
    assert not staging.place_for(out).exists()
    kinds = [known.kind for known in ledger.read_all(tmp_path / ".kit" / "evidence")]
    assert kinds[-1] is Kind.RELEASE


def test_weights_are_linked_and_may_be_copied(tmp_path: Path) -> None:
    made = project(tmp_path)
    release(options(tmp_path), desk=made)
    weights = "adapter_model.safetensors"
    assert (tmp_path / "out" / weights).stat().st_ino == (tmp_path / "tuned" / weights).stat().st_ino
    release(options(tmp_path, out=str(tmp_path / "copy"), copy=True), desk=made)
    assert (tmp_path / "copy" / weights).stat().st_ino != (tmp_path / "tuned" / weights).stat().st_ino


def test_a_plain_base_is_released_in_place_and_again(tmp_path: Path) -> None:
    base = write_base(tmp_path / "model")
    (tmp_path / "p").mkdir()
    made = project(tmp_path / "p")
    for known in (record(Kind.LICENSE, base, **license_details()), record(Kind.SCAN, base)):
        ledger.append(tmp_path / "p" / ".kit" / "evidence", known)
    wanted = options(tmp_path / "p", model=str(tmp_path / "model"), out="")
    for _ in range(2):
        assert release(wanted, desk=made).verdict == "released"
        assert judged(tmp_path / "model", tmp_path / "p" / "key.pub").verdict == "verified"
    assert digest_of(tmp_path / "model") == base


@pytest.mark.parametrize(
    ("kind", "item"), [(Kind.SCAN, "SEC-001"), (Kind.LICENSE, "LIC-008"), (Kind.FINETUNE, "LIC-001")]
)
def test_silence_refuses(kind: Kind, item: str, tmp_path: Path) -> None:
    made = project(tmp_path, settings_text=SETTINGS.replace('license = "apache-2.0"\n', ""))
    for path in (tmp_path / ".kit" / "evidence").glob(f"*-{kind}-*.json"):
        path.unlink()
    report = release(options(tmp_path), desk=made)
    assert report.verdict == "refused"
    assert states(report)[item] == "missing"
    assert not (tmp_path / "out").exists()


def test_old_evidence_falls_silent_when_a_weight_changes(tmp_path: Path) -> None:
    made = project(tmp_path)
    with (tmp_path / "tuned" / "adapter_model.safetensors").open("ab") as weights:
        weights.write(b"!")
    report = release(options(tmp_path), desk=made)
    assert report.verdict == "refused"
    assert states(report)["SEC-002"] == "missing"


def test_a_refused_release_leaves_the_old_one_alone(tmp_path: Path) -> None:
    made = project(tmp_path)
    release(options(tmp_path), desk=made)
    bad = Finding(
        check="pickle-imports-shell", severity=Severity.CRITICAL, title="t", at=Place(path="x"), saw="s", remedy="r"
    )
    ledger.append(
        tmp_path / ".kit" / "evidence", record(Kind.SCAN, digest_of(tmp_path / "tuned"), findings=(bad,), verdict="bad")
    )
    assert release(options(tmp_path), desk=made).verdict == "refused"
    assert judged(tmp_path / "out", tmp_path / "key.pub").verdict == "verified"


def test_a_waiver_lets_an_item_pass_and_is_printed(tmp_path: Path) -> None:
    waiver = (
        '[[policy.waivers]]\ncheck = "LIC-008"\nowner = "Ada"\nreason = "the text is being corrected upstream"\n'
        "created = 2026-11-01\nexpires = 2026-12-01\n"
    )
    text = SETTINGS.replace('license = "apache-2.0"', 'license = "mit"') + "\n" + waiver
    report = release(options(tmp_path), desk=project(tmp_path, settings_text=text))
    assert states(report)["LIC-008"] in ("waived", "pass")
    assert "LIC-008" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(
    ("check_id", "expires", "why"),
    [
        pytest.param("SEC-001", "2026-12-01", "cannot be waived", id="not waivable"),
        pytest.param("SEC-*", "2026-12-01", "no item", id="wildcard"),
        pytest.param("LIC-099", "2026-12-01", "no item", id="unknown"),
        pytest.param("LIC-003", "2026-11-20", "expired", id="expired"),
    ],
)
def test_an_unsound_waiver_refuses(check_id: str, expires: str, why: str, tmp_path: Path) -> None:
    waiver = (
        f'[[policy.waivers]]\ncheck = "{check_id}"\nowner = "Ada"\nreason = "somebody promised to look at this"\n'
        f"created = 2026-11-01\nexpires = {expires}\n"
    )
    report = release(options(tmp_path), desk=project(tmp_path, settings_text=SETTINGS + waiver))
    assert report.verdict == "refused"
    assert any(f.check == "OPS-009" and why in f.saw for f in report.findings)


def test_an_old_scan_is_stale(tmp_path: Path) -> None:
    project(tmp_path)
    report = check(options(tmp_path), desk=desk(tmp_path, NOW + timedelta(days=31)))
    assert states(report)["SEC-003"] == "stale"
    assert report.verdict == "ready"
    strict = check(options(tmp_path, policy="strict"), desk=desk(tmp_path, NOW + timedelta(days=31)))
    assert "SEC-003" in {finding.check for finding in strict.findings}


def test_evidence_from_the_future_is_not_judged(tmp_path: Path) -> None:
    project(tmp_path)
    with pytest.raises(KitError, match="in the future"):
        release(options(tmp_path), desk=desk(tmp_path, NOW - timedelta(days=2)))


def test_statements_of_people_are_asked_for_and_taken(tmp_path: Path) -> None:
    made = project(tmp_path)
    (tmp_path / "attest.yaml").write_text(
        "OPS-003: {by: Ada, date: 2026-11-01, team: Models, contact: ada@example.org, next_review: 2027-01-01}\n"
        "OPS-008: {by: Ada, date: 2026-11-01, support_end: TODO, revocation_list: x, how_users_are_told: mail}\n"
        "DEP-007: {by: Ada, date: 2027-11-01, operator: Bo, previous_release: none, time_to_restore: 5 min}\n"
    )
    found = states(check(options(tmp_path, profiles=("internal", "public-weights")), desk=made))
    assert (found["OPS-003"], found["OPS-008"], found["DEP-007"]) == ("pass", "fail", "fail")
    digest = check(options(tmp_path), desk=made).data["checklist_sha256"]
    with (tmp_path / "attest.yaml").open("a") as out:
        out.write(f"OPS-010: {{by: Bo, date: 2026-11-20, approver: Bo, checklist_sha256: {digest}}}\n")
    assert states(check(options(tmp_path), desk=made))["OPS-010"] == "pass"


@pytest.mark.parametrize("text", ["OPS-999: {by: x}", "OPS-003: yes", "- a", "OPS-003: {by: x, date: soon}", "{"])
def test_statements_out_of_order_are_one_clear_line(text: str, tmp_path: Path) -> None:
    made = project(tmp_path)
    (tmp_path / "attest.yaml").write_text(text)
    with pytest.raises(UsageError):
        check(options(tmp_path), desk=made)


def test_attached_scores_reach_the_card(tmp_path: Path) -> None:
    made = project(tmp_path)
    score: dict[str, Any] = {"metric": "accuracy", "value": 0.8125, "base": 0.5, "n": 400, "interval": [0.77, 0.85]}
    score |= {"dataset": "org/quiz", "task": "text-classification", "seed": 7}
    (tmp_path / "scores.json").write_text(json.dumps([score]))
    attach(str(tmp_path / "tuned"), "scores", tmp_path / "scores.json", desk=made)
    report = release(options(tmp_path), desk=made)
    assert report.verdict == "released"
    found = states(report)
    assert [found[item] for item in ("EVL-001", "EVL-002", "EVL-003", "EVL-004")] == ["pass"] * 4
    assert "0.8125" in (tmp_path / "out" / "README.md").read_text()


def test_the_same_inputs_and_epoch_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1760000000")
    project(tmp_path)
    found = []
    for later in (0, 3):
        release(options(tmp_path), desk=desk(tmp_path, NOW + timedelta(hours=later)))
        paths = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
        found.append({path.name: path.read_bytes() for path in paths})
    assert found[0] == found[1]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        check(options(tmp_path), desk=desk(tmp_path))


def test_two_releases_are_compared(tmp_path: Path) -> None:
    made = project(tmp_path)
    release(options(tmp_path), desk=made)
    text = SETTINGS.replace('"1.0.0"', '"1.1.0"').replace('"apache-2.0"', '"mit"')
    (tmp_path / "kit.toml").write_text(text)
    (tmp_path / "tuned" / "notes.txt").write_text("new")
    sha256 = digest_of(tmp_path / "tuned")
    for known in (
        record(Kind.SCAN, sha256),
        record(Kind.FINETUNE, sha256, **run_details(digest_of(tmp_path / "base"))),
    ):
        ledger.append(tmp_path / ".kit" / "evidence", known)
    wanted = options(tmp_path, out=str(tmp_path / "new"), previous=str(tmp_path / "out"))
    again = release(wanted, desk=desk(tmp_path))
    assert again.verdict == "released", again.findings
    told = json.loads((tmp_path / "new" / "release" / "diff.json").read_text())
    assert (told["previous"]["version"], bool(told["changes"])) == ("1.0.0", True)
    assert judged(tmp_path / "new", tmp_path / "key.pub").verdict == "verified"
    changed = {(one["area"], one["what"]) for one in diff(tmp_path / "out", tmp_path / "new").data["changes"]}
    assert {("facts", "version"), ("facts", "license"), ("files", "notes.txt")} <= changed
    assert diff(tmp_path / "out", tmp_path / "out").verdict == "same"


def spoil_link(root: Path) -> dict[str, Any]:
    (root / "tuned" / "link").symlink_to("adapter_config.json")
    return {}


def spoil_out(root: Path) -> dict[str, Any]:
    (root / "out").mkdir()
    (root / "out" / "thesis.txt").write_text("years of work")
    return {}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(spoil_link, id="a link in the model"),
        pytest.param(spoil_out, id="out holds something else"),
        pytest.param(lambda r: {"model": str(r / "nowhere")}, id="no model"),
        pytest.param(lambda r: {"out": str(r / "tuned" / "out")}, id="out inside the model"),
        pytest.param(lambda r: {"key": str(r / "key.pub")}, id="a public key"),
        pytest.param(lambda r: {"key": str(r / "kit.toml")}, id="no key"),
        pytest.param(lambda r: {"key": "exec:true"}, id="a command without its public key"),
        pytest.param(lambda r: {"profiles": ("public",)}, id="unknown profile"),
        pytest.param(lambda r: {"model": str(r), "out": ""}, id="in the project's own folder"),
    ],
)
def test_wrong_use_is_one_clear_line(spoil: Any, tmp_path: Path) -> None:
    made = project(tmp_path)
    with pytest.raises(KitError) as caught:
        release(options(tmp_path, **spoil(tmp_path)), desk=made)
    assert caught.value.hint
    assert not (tmp_path / "out" / "model.sig").exists()
