"""Bills of materials, provenance and EU papers, held against the validators of others."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard

from ossmodelkit.core.evidence import Kind
from ossmodelkit.project import ledger
from ossmodelkit.releasing import cyclonedx, european, spdx
from ossmodelkit.releasing.card import numbers, webpage
from ossmodelkit.releasing.checks.data import ANOMALIES, PERSONAL
from ossmodelkit.releasing.dossier import Words
from ossmodelkit.releasing.relating import related
from ossmodelkit.workflow.release import release
from tests.making.dossiers import BASE, SHA, dossier
from tests.making.releases import SETTINGS, digest_of, options, project, record, run_details

PUBLIC = '[use]\nuse = ["redistribute-weights"]\n' + SETTINGS.replace(
    'profiles = ["internal"]', 'profiles = ["internal"]\nusers = "Anybody who likes tests."'
)


@pytest.mark.parametrize("version", ["1.6", "1.7"])
@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="everything known"),
        pytest.param({"records": (), "words": Words(), "texts": {}}, id="nothing known"),
        pytest.param({"words": Words(name='<b>"x"\n', license="apache-2.0")}, id="strange words"),
    ],
)
def test_cyclonedx_is_strictly_valid(version: str, more: dict[str, Any]) -> None:
    document = cyclonedx.build(dossier(**more), version=version)
    validator = JsonStrictValidator(SchemaVersion.from_version(version))
    assert validator.validate_str(document.decode()) is None
    assert cyclonedx.build(dossier(**more), version=version) == document


def test_cyclonedx_tells_the_model_its_parents_and_data() -> None:
    found = json.loads(cyclonedx.build(dossier()))
    model = found["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert [one.get("purl") for one in model["pedigree"]["ancestors"]] == [
        None,
        f"pkg:huggingface/org/base-model@{'0' * 40}",
    ]
    assert {c["type"] for c in found["components"]} == {"file", "data", "library"}
    metric = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"][0]
    assert (metric["value"], metric["confidenceInterval"]["upperBound"]) == ("0.8125", "0.9")


@pytest.mark.parametrize("license_id", ["apache-2.0", "llama3.1", ""])
def test_spdx_is_valid_and_comes_back_as_it_was(license_id: str, tmp_path: Path) -> None:
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    made = dossier(words=Words(name="Tiny", license=license_id, owner="Ada"))
    data = spdx.build(made, b"The text of the license.")
    assert data == spdx.build(made, b"The text of the license.")
    (tmp_path / "x.spdx.json").write_bytes(data)
    document = parse_file(str(tmp_path / "x.spdx.json"))
    assert validate_full_spdx_document(document) == []
    by_name = {p.file_name: p for p in document.packages}
    assert by_name["model.safetensors"].checksums[0].value == "ef" * 32
    if license_id == "llama3.1":
        (text,) = [i.extracted_text for i in document.extracted_licensing_info if "llama3.1" in i.license_id]
        assert text == "The text of the license."


def test_a_public_release_carries_every_paper(tmp_path: Path) -> None:
    made = project(tmp_path, settings_text=PUBLIC)
    base, tuned = digest_of(tmp_path / "base"), digest_of(tmp_path / "tuned")
    data = {"path": "data.jsonl", "sha256": "ab" * 32, "used_rows": 120, "rows": 120, "license": "cc0-1.0"}
    ledger.append(
        tmp_path / ".kit" / "evidence",
        record(Kind.FINETUNE, tuned, **run_details(base, data=data, energy={"kwh": 0.1})),
    )
    asked = record(Kind.DATA, "ab" * 32, name="data", rows=120)
    ledger.append(
        tmp_path / ".kit" / "evidence",
        asked.__class__(**{**_fields(asked), "asked": tuple(PERSONAL | ANOMALIES)}),
    )
    score = {"metric": "accuracy", "value": 0.8125, "n": 400, "interval": [0.7, 0.9], "dataset": "org/quiz", "seed": 1}
    ledger.append(
        tmp_path / ".kit" / "evidence", record(Kind.EVALUATE, tuned, scores=[score], contamination={"rate": 0.0})
    )
    (tmp_path / "attest.yaml").write_text(ATTEST)
    key = (tmp_path / "key.pub").read_text().replace("\n", "\n      ")
    (tmp_path / "trust.yaml").write_text(f"signers:\n  - name: Release team\n    key: |\n      {key}\n")
    wanted = options(tmp_path, profiles=("public-weights", "eu-gpai"))
    first = release(wanted, desk=made)
    digest = first.data["checklist_sha256"]
    with (tmp_path / "attest.yaml").open("a") as out:
        out.write(f"OPS-010: {{by: Bo, date: 2026-11-20, approver: Bo, checklist_sha256: {digest}}}\n")
    report = release(wanted, desk=made)
    assert report.verdict == "released", [(f.check, f.saw) for f in report.findings]
    out_folder = tmp_path / "out"
    for name in (
        "sbom.spdx.json",
        "mdf.json",
        "mdf.md",
        "gpai_status.json",
        "training_summary.md",
        "data_disclosure.md",
    ):
        assert (out_folder / "release" / name).stat().st_size > 0, name
    card = ModelCard.load(out_folder / "README.md").data.to_dict()
    assert card["model-index"][0]["results"][0]["metrics"][0]["value"] == 0.8125
    fields = json.loads((out_folder / "release" / "mdf.json").read_text())["fields"]
    assert all(field["answer"] for field in fields)
    assert {"ai-office", "authorities", "downstream"} == {a for field in fields for a in field["audience"]}


ATTEST = """\
DAT-003: {by: Ada, date: 2026-11-01, owner: Ada, basis: our own data}
DAT-004: {by: Ada, date: 2026-11-01, policy: https://example.org/policy, opt_outs: nothing was crawled}
DAT-005: {by: Ada, date: 2026-11-01, summary: read and confirmed}
DAT-009: {by: Ada, date: 2026-11-01, generator: none, terms: not applicable}
DOC-008: {by: Ada, date: 2026-11-01, contact: ada@example.org, retention_years: 10}
"""


def _fields(shape: Any) -> dict[str, Any]:
    return {name: getattr(shape, name) for name in shape.__dataclass_fields__}


def test_who_tunes_a_little_is_no_provider_and_sees_why() -> None:
    """A LoRA of a 7B model on 100M tokens: 4 x 7e9 x 1e8 = 2.8e18, a twelve-thousandth of 3.3e22."""
    metrics = {"parameters": 7_000_000_000, "tokens": 100_000_000}
    made = dossier(records=(record(Kind.FINETUNE, SHA, **run_details(BASE, metrics=metrics)),))
    status = european.status(made)
    assert status["flop"] == pytest.approx(2.8e18)
    assert status["threshold_flop"] == pytest.approx(3.333e22, rel=1e-3)
    assert 11_800 < status["times_below"] < 12_000
    assert status["word"] == "not a provider by this modification"


def test_unknown_compute_stays_unknown() -> None:
    made = dossier(records=(record(Kind.FINETUNE, SHA, **run_details(BASE, metrics={})),))
    assert european.status(made)["word"].startswith("unknown")
    assert european.status(made)["ratio"] is None


@pytest.mark.parametrize(
    ("card", "kwh"), [("NVIDIA H200", 3600 * 700 / 3_600_000), ("An unknown card", None), ("", None)]
)
def test_energy_is_estimated_from_the_rated_power_or_unknown(card: str, kwh: float | None) -> None:
    run = run_details(BASE, metrics={"seconds": 3600}, hardware={"card": card, "processes": 1})
    found = numbers.energy(dossier(records=(record(Kind.FINETUNE, SHA, **run),)))
    assert found.kwh == kwh
    assert found.method.startswith("estimated" if kwh else "unknown")


def test_provenance_names_inputs_with_their_digests(tmp_path: Path) -> None:
    release(options(tmp_path), desk=project(tmp_path))
    statement = json.loads((tmp_path / "out" / "release" / "provenance.json").read_text())
    inputs = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    roles = {one["annotations"]["role"] for one in inputs}
    assert roles == {"base", "data", "library"}
    assert {"sha256": digest_of(tmp_path / "base")} in [one.get("digest") for one in inputs]
    assert statement["subject"][0]["digest"]["sha256"] == digest_of(tmp_path / "tuned")


def test_the_page_fetches_and_runs_nothing(tmp_path: Path) -> None:
    made = project(tmp_path)
    evil = "# Hi\n\n<script>alert(1)</script> ![x](https://evil.example/p.png) <img src=x onerror=y>\n"
    evil += "[j](javascript:alert(1))\n"
    (tmp_path / "tuned" / "README.md").write_text(evil)
    release(options(tmp_path), desk=made)
    raw = (tmp_path / "out" / "release" / "card.html").read_text()
    assert not [word for word in ("<script", "<img", 'href="javascript') if word in raw]
    page = html.unescape((tmp_path / "out" / "release" / "card.html").read_text())
    assert "default-src 'none'" in page
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in page
    assert "<svg" in page
    assert webpage.to_html("| a |\n|---|\n| 1 |\n").startswith("<table>")


def test_the_screening_of_the_data_is_found_by_the_files_it_speaks_of() -> None:
    trained = record(Kind.FINETUNE, "aa" * 32, data={"ref": "d.jsonl", "sha256": "dd" * 32})
    screened = record(Kind.DATA, "ee" * 32, files=[{"name": "d.jsonl", "sha256": "dd" * 32}])
    other = record(Kind.DATA, "ff" * 32, files=[{"name": "d.jsonl", "sha256": "bb" * 32}])
    assert related([trained, screened, other], "aa" * 32) == (trained, screened)
