"""From a tuned model to a verified release under the strictest profiles, by following what `kit` says to do next."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.project import ledger
from ossmodelkit.releasing import european
from ossmodelkit.releasing.dossier import Attestation, Dossier, Words
from ossmodelkit.workflow.key import trust
from ossmodelkit.workflow.release import ask, check, release
from ossmodelkit.workflow.release_attach import attach
from tests.making.forged import answer
from tests.making.releases import NOW, SETTINGS, digest_of, license_details, options, project, record, run_details

EVERY = ("hosted-api", "eu-gpai", "public-weights")
MEASURED: dict[str, Any] = {
    "scores": [{"metric": "accuracy", "value": 0.81, "base": 0.7, "n": 400, "interval": [0.77, 0.85], "seed": 7}],
    "loadtest": {
        "ttft": 50, "itl": 10, "e2e": 500, "n": 2000, "error_rate": 0.0, "engine": "vllm", "hardware": "L4",
        "lag_share": 0.01, "knee": 12,
    },
    "vulns": {"tool": "pip-audit", "critical": []},
    "redteam": {"suite": "own", "size": 9, "attack_success_rate": 0.02, "base_attack_success_rate": 0.03},
    "bias": {"groups": ["a", "b"], "metric": "accuracy", "gap": 0.01, "interval": [0.0, 0.02]},
    "canary": {"groups": ["us"], "steps": [1, 5], "guards": ["errors"], "abort": "errors > 1"},
    "serving": {"engine": "vllm", "version": "0.9", "image_digest": "sha256:abc"},
    "safety_probe": {"filter": "x", "block_rate": 0.9, "over_block_rate": 0.02, "probes": 300},
    "alerts": {"rules": 5, "tests": 5, "passed": True},
    "baseline": {"features": 3, "n": 500, "thresholds": {"ks": 0.1}},
    "energy": {"kwh": 0.0012, "method": "measured"},
    "contamination": {"rate": 0.0},
}  # fmt: skip


def asked_for(report: Report) -> set[str]:
    return {finding.check for finding in report.findings}


def walked(root: Path) -> Any:
    """A project in which everything was measured that the strictest profiles ask for, and nothing stated yet."""
    text = SETTINGS.replace('["internal"]', json.dumps(EVERY)) + 'users = "Engineers."\n'
    text = '[use]\nuse = ["internal", "saas", "redistribute-weights"]\n' + text
    made = project(root, settings_text=text)
    base, evidence = digest_of(root / "base"), root / ".kit" / "evidence"
    uses = {"uses": ["internal", "saas", "redistribute-weights"]}
    for payload in (base, digest_of(root / "tuned")):
        ledger.append(evidence, record(Kind.LICENSE, payload, **license_details(judged_for=uses["uses"], **uses)))
    rules = ("data-email", "data-duplicate-row", "data-near-duplicate", "data-trigger-word", "data-phone")
    data = record(Kind.DATA, "ab" * 32, name="data.jsonl", rows=120, licenses={"cc0-1.0": 120})
    ledger.append(evidence, replace(data, asked=rules))
    for name, table in MEASURED.items():
        (root / "table.json").write_text(json.dumps(table))
        attach(str(root / "tuned"), name, root / "table.json", desk=made)
    trust(root / "key.pub", name="Team", until="", file=root / "trust.yaml")
    return made


def state(file: Path, text: str) -> None:
    """Append what `kit release ask` prints, and fill it in as a person would."""
    whole = (file.read_text() if file.is_file() else "") + text
    whole = whole.replace('by: ""', "by: Ada Example").replace('next_review: ""', "next_review: 2027-03-01")
    file.write_text(whole.replace('""', "as written in our runbook"))


def test_every_step_leads_on_until_the_release_verifies(tmp_path: Path) -> None:
    made = walked(tmp_path)
    first = check(options(tmp_path, key=""), desk=made)
    assert any(step.startswith(f"kit release ask {tmp_path / 'tuned'}") for step in first.next_steps)
    state(tmp_path / "attest.yaml", ask(options(tmp_path, key=""), desk=made))
    state(tmp_path / "attest.yaml", ask(options(tmp_path, key=""), desk=made))
    unmet = asked_for(check(options(tmp_path), desk=made))
    assert unmet <= {"DAT-001", "DAT-002", "DAT-008", "LIC-002", "LIC-003"}, "what only real data records can show"
    assert "OPS-010" not in unmet, "the decision without a key holds with one"


def test_a_decision_holds_under_a_readers_stricter_demands(tmp_path: Path) -> None:
    """Nobody could have approved the checklist of a policy that a reader wrote later."""
    made = project(tmp_path)
    digest = check(options(tmp_path), desk=made).data["checklist_sha256"]
    decision = {"by": "Ada", "date": NOW.date(), "approver": "Ada", "checklist_sha256": digest}
    (tmp_path / "attest.yaml").write_text(yaml.safe_dump({"OPS-010": decision}))
    (tmp_path / "mine.toml").write_text('[severity]\n"OPS-010" = "block"\n"SEC-003" = "block"\n')
    assert release(options(tmp_path), desk=made).verdict == "released"
    (tmp_path / "other.toml").write_text('profiles = ["public-weights"]\n')
    for policy, refused in (("mine.toml", False), ("other.toml", True)):
        found = answer(tmp_path / "out", key=str(tmp_path / "key.pub"), policy=str(tmp_path / policy))
        assert (found.word == "refused") is refused, found.text
        assert "another checklist was approved" not in found.text


def test_the_steps_that_follow_repeat_what_was_asked_for(tmp_path: Path) -> None:
    made = project(tmp_path)
    report = check(options(tmp_path, profiles=("eu-gpai", "hosted-api"), policy="strict"), desk=made)
    assert report.next_steps[0].startswith(
        f"kit release ask {tmp_path / 'tuned'} -p eu-gpai -p hosted-api --policy strict >> attest.yaml"
    )


def test_the_step_after_a_release_names_the_key_that_lies_there(tmp_path: Path) -> None:
    made = project(tmp_path)
    assert f"--key {tmp_path / 'key.pub'}" in release(options(tmp_path), desk=made).next_steps[0]
    (tmp_path / "key.pub").unlink()
    assert "--key KEY.pub" in release(options(tmp_path), desk=made).next_steps[0]


TABLES: list[Any] = [
    pytest.param("vulns", {"tool": "x", "critical": []}, "SEC-007", "pass", id="no critical ones"),
    pytest.param("vulns", {"tool": "x", "critical": 0}, "SEC-007", "pass", id="none, as a number"),
    pytest.param("vulns", {"tool": "x", "critical": 2}, "SEC-007", "fail", id="two, not listed"),
    pytest.param("vulns", {"tool": "x"}, "SEC-007", "fail", id="nothing about critical ones"),
    pytest.param("vulns", {"tool": "x", "critical": [{"id": "CVE-1"}]}, "SEC-007", "fail", id="one without a position"),
    pytest.param("alerts", MEASURED["alerts"] | {"passed": False}, "OPS-001", "fail", id="alert tests that fail"),
    pytest.param("redteam", MEASURED["redteam"], "SEC-008", "pass", id="better than the base"),
    pytest.param(
        "redteam", MEASURED["redteam"] | {"attack_success_rate": 0.4}, "SEC-008", "fail", id="worse than the base"
    ),
    pytest.param("loadtest", MEASURED["loadtest"] | {"meets_slo": False}, "DEP-001", "fail", id="too slow"),
    pytest.param("loadtest", MEASURED["loadtest"], "DEP-001", "pass", id="fast enough"),
]


@pytest.mark.parametrize(("name", "table", "item", "wanted"), TABLES)
def test_a_measurement_is_judged_and_not_only_there(
    name: str, table: Any, item: str, wanted: str, tmp_path: Path
) -> None:
    made = project(tmp_path)
    (tmp_path / "t.json").write_text(json.dumps(table))
    attach(str(tmp_path / "tuned"), name, tmp_path / "t.json", desk=made)
    report = check(options(tmp_path, profiles=("hosted-api",)), desk=made)
    assert next(one["state"] for one in report.data["items"] if one["id"] == item) == wanted


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[]", id="nothing"),
        pytest.param('[{"metric": "accuracy"}]', id="no value"),
        pytest.param('[{"metric": "accuracy", "value": "0.8"}]', id="a value that is text"),
        pytest.param('[{"metric": "accuracy", "value": NaN}]', id="not a number"),
        pytest.param('[{"metric": "accuracy", "value": 1e999}]', id="without end"),
        pytest.param('[{"metric": "", "value": 1}]', id="no metric"),
        pytest.param('[{"metric": "accuracy", "value": 1, "n": "many"}]', id="many"),
        pytest.param('[{"metric": "accuracy", "value": 1, "interval": 0.1}]', id="half an interval"),
        pytest.param('[{"metric": "a", "value": 1, "value": 2}]', id="two values"),
        pytest.param("[1]", id="a number"),
        pytest.param("[" * 5000, id="deep"),
    ],
)
def test_results_that_are_no_scores_are_not_kept(text: str, tmp_path: Path) -> None:
    made = project(tmp_path)
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(UsageError):
        attach(str(tmp_path / "tuned"), "scores", tmp_path / "scores.json", desk=made)


def test_a_data_set_is_no_parent_model(tmp_path: Path) -> None:
    made = project(tmp_path)
    parents = [{"ref": "org/data", "relation": "dataset", "license": "cc-by-4.0", "declared_in": "run record"}]
    known = record(Kind.LICENSE, digest_of(tmp_path / "tuned"), **license_details(parents=parents))
    ledger.append(tmp_path / ".kit" / "evidence", known)
    assert release(options(tmp_path), desk=made).verdict == "released"
    out = tmp_path / "out"
    assert "base_model: org/data" not in (out / "README.md").read_text()
    assert "org/data" not in json.dumps(json.loads((out / "release/sbom.cdx.json").read_text())["metadata"])
    assert "org/data (dataset), licensed under cc-by-4.0" in (out / "NOTICE").read_text()


def tuned_by(base_flop: Any, **metrics: Any) -> Dossier:
    run = run_details("ab" * 32)
    run["metrics"] = {**run["metrics"], **metrics}
    stated = () if base_flop is None else (Attestation(item="DOC-006", by="Ada", answers={"base_flop": base_flop}),)
    known = (record(Kind.FINETUNE, "cd" * 32, **run),)
    words = Words(name="Tiny")
    return Dossier(
        words=words, sha256="cd" * 32, files={}, created=NOW, today=NOW.date(), records=known, attestations=stated
    )


@pytest.mark.parametrize(
    ("base_flop", "tokens", "word", "of"),
    [
        pytest.param(None, 3600, "not a provider", 1e23, id="nobody knows the base"),
        pytest.param(1.5e24, 3600, "not a provider", 1.5e24, id="a stated base"),
        pytest.param("1.5e24", 3600, "not a provider", 1.5e24, id="stated as YAML reads it: text"),
        pytest.param("a lot", 3600, "not a provider", 1e23, id="stated as no number"),
        pytest.param(float("inf"), 3600, "not a provider", 1e23, id="without end"),
        pytest.param(-1, 3600, "not a provider", 1e23, id="less than nothing"),
        pytest.param(True, 3600, "not a provider", 1e23, id="true"),
        pytest.param(3e10, 3600, "provider of the modified model", 3e10, id="more than a third"),
        pytest.param(None, None, "unknown", 1e23, id="no tokens recorded"),
    ],
)
def test_provider_status_is_arithmetic(base_flop: Any, tokens: int | None, word: str, of: float) -> None:
    found = european.status(tuned_by(base_flop, tokens=tokens))
    assert found["word"].startswith(word)
    assert found["threshold_flop"] == pytest.approx(of / 3)
    assert (found["base_flop"] is None) is (of == 1e23)
    if tokens:
        assert found["ratio"] == pytest.approx(7897600.0 * 3600 * 3 / of)
        assert found["ratio"] * found["times_below"] == pytest.approx(1)
    json.dumps(found, allow_nan=False)


def test_the_form_tells_kind_size_and_license_of_data_or_that_they_are_unknown() -> None:
    known = european.facts(tuned_by(None))
    assert known["data"] == f"data.jsonl (kind: unknown, rows: 120, license: unknown, SHA-256: {'ab' * 32})"
    assert known["libraries"] == "peft 0.21.0; python 3.11.7; torch 2.13.0"
    assert known["personal"].startswith("unknown: nobody stated")
