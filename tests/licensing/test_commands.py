"""`kit license` from outside: scenarios, notices, questions about licenses, and bad input."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ossmodelkit.foundation.errors import RefusedError, SourceError
from ossmodelkit.licensing import attributing, auditing, repository
from ossmodelkit.licensing.situation import Profile
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.license_decide import decide
from ossmodelkit.workflow.license_notice import attribution, notice
from tests.making.license_texts import apache, installed

SCENARIO = """\
profile: {use: [redistribute-weights], commercial: true, territory: [US], mau: 0, mau_on_release_date: 0,
  annual_revenue_usd: 0, monthly_revenue_usd: 0, registered: [], field_of_use: [], regulatory_authorization: false,
  policy: strict}
components:
  - {role: base, name: org/model, license: llama3.1, upstream_files: [LICENSE, NOTICE], shipped: true, modified: true,
     kind: text-llm, multimodal: false, trained_from: null, guardrails: kept, linked: false, source_offered: false}
  - {role: synthetic-data, license: gemma, produced_by: org/other, purpose: imitate-teacher}
release: {license: llama3.1, license_name: null, name: Llama-Foo-8B, files: [LICENSE, NOTICE], notice_contains: [],
  readme_contains: [Built with Llama], ui_contains: [], agreement_contains: [], model_card: present, gated: false}
"""


def kit(*words: str) -> Result:
    """Run `kit license …`."""
    from ossmodelkit.cli.license import app

    return CliRunner().invoke(app, list(words))


def test_a_scenario_is_answered_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(SCENARIO)
    done = kit("decide", str(path), "--format", "json")
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "fail"
    assert answer["components"] == [{"name": "org/model", "verdict": "fail"}, {"name": "org/other", "verdict": "fail"}]
    assert {"id", "components", "clause", "verified", "why", "fix"} <= answer["findings"][0].keys()
    assert {"obligations", "questions", "allowed_release_licenses"} <= answer.keys()
    assert {duty["state"] for duty in answer["obligations"]} <= {"met", "unmet", "manual"}


def test_the_documented_scenario_is_the_schema(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parent.parent.parent / "docs" / "licensing.md").read_text(encoding="utf-8")
    path = tmp_path / "documented.yaml"
    path.write_text(page.partition("```yaml\n")[2].partition("```")[0])
    assert decide(path).verdict == "fail"


def test_a_missing_scenario_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        decide(tmp_path / "none.yaml")


def model(folder: Path, front: str, license_text: str = "", **files: str) -> Path:
    """A model folder with a card and perhaps a license."""
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(f"---\n{front}\n---\n# M\n")
    for name, text in {"LICENSE": license_text, **files}.items():
        if text:
            (folder / name).write_text(text)
    return folder


def test_a_notice_carries_texts_names_and_upstream_notices(tmp_path: Path, desk: Desk) -> None:
    model(tmp_path / "parent", "license: apache-2.0", apache(), NOTICE="Parent\nCopyright 2024 The Parents\n")
    child = model(tmp_path / "child", "license: mit\nbase_model: org/parent", installed("pluggy"))
    made = attribution(str(child), desk=desk)
    assert "Copyright 2024 The Parents" in made.notice
    assert "The files of org/parent were modified." in made.notice
    assert made.texts.count("END OF TERMS AND CONDITIONS") == 1
    assert "MIT License" in made.card
    assert attributing.PLACEHOLDER.search(made.notice) is None


def test_a_notice_is_the_same_whatever_the_order(tmp_path: Path, desk: Desk) -> None:
    names = [f"org/p{number}" for number in range(6)]
    for number, name in enumerate(names):
        tag, text = ("apache-2.0", apache()) if number % 2 else ("mit", installed("pluggy"))
        model(tmp_path / name.rpartition("/")[2], f"license: {tag}", text)
    seen = set()
    for turn in range(5):
        random.Random(turn).shuffle(names)
        folder = model(
            tmp_path / f"run{turn}" / "child", f"license: apache-2.0\nbase_model: [{', '.join(names)}]", apache()
        )
        for name in names:
            short = name.rpartition("/")[2]
            (folder.parent / short).mkdir()
            for file in ("README.md", "LICENSE"):
                (folder.parent / short / file).write_text((tmp_path / short / file).read_text())
        seen.add(attribution(str(folder), desk=desk))
    assert len(seen) == 1


def test_a_text_that_names_no_holder_serves_a_parent_known_by_name(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attributing, "_package", dict)
    base = "license: {}\nbase_model: mistralai/Mistral-7B-v0.1"
    made = attribution(str(model(tmp_path / "m", base.format("apache-2.0"), apache())), desk=desk)
    assert made.texts.count("TERMS AND CONDITIONS FOR USE") == 1
    assert "mistralai/Mistral-7B-v0.1" in made.notice
    assert "known by its name" in made.notice
    with pytest.raises(RefusedError, match=r"Apache License 2\.0 for 'mistralai"):
        notice(str(model(tmp_path / "n", base.format("mit"), installed("pluggy"))), desk=desk)


def test_the_texts_extra_serves_a_parent_known_by_name(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attributing, "_package", lambda: {"Apache-2.0": apache()})
    folder = model(tmp_path / "m", "license: mit\nbase_model: mistralai/Mistral-7B-v0.1", installed("pluggy"))
    made = attribution(str(folder), desk=desk)
    assert "TERMS AND CONDITIONS FOR USE" in made.texts
    assert attributing.PLACEHOLDER.search(made.texts) is None


def test_a_missing_text_is_named(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributing, "_package", dict)
    folder = model(tmp_path / "m", "license: llama3.1")
    with pytest.raises(RefusedError) as caught:
        notice(str(folder), desk=desk)
    assert "Llama 3.1" in caught.value.message


def test_a_template_with_blanks_is_never_printed(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = "MIT License\n\nCopyright (c) <year> <copyright holders>\n\nPermission is hereby granted"
    monkeypatch.setattr(attributing, "_package", lambda: {"MIT": blank})
    with pytest.raises(RefusedError):
        notice(str(model(tmp_path / "m", "license: mit")), desk=desk)


def test_an_unresolved_model_gets_no_notice(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(RefusedError):
        notice(str(model(tmp_path / "m", "license: other")), desk=desk)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("explain", "llama3.1"), 0, "Built with Llama", id="explain"),
        pytest.param(("explain", "Apache-2.0"), 0, "Apache License 2.0", id="explain by SPDX id"),
        pytest.param(("explain", "jamba-open-model-license"), 0, "not read", id="an unread text says so"),
        pytest.param(("explain",), 0, "gemma", id="list"),
        pytest.param(("compat", "apache-2.0", "mit"), 0, "yes", id="compatible"),
        pytest.param(("compat", "llama3.1", "agpl-3.0"), 1, "no", id="incompatible"),
        pytest.param(("choose", "llama3.1"), 0, "llama3.1", id="choose a release license"),
        pytest.param(("choose", "--use", "saas", "--commercial"), 0, "apache-2.0", id="choose a base"),
    ],
)
def test_questions_are_answered(words: tuple[str, ...], code: int, said: str) -> None:
    done = kit(*words)
    assert done.exit_code == code, done.output
    assert said in done.output


def test_identify_names_what_it_could_not(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(apache())
    (tmp_path / "NOTES").write_text("hello")
    assert kit("identify", str(tmp_path / "LICENSE")).exit_code == 0
    done = kit("identify", str(tmp_path / "LICENSE"), str(tmp_path / "NOTES"), "--format", "json")
    assert done.exit_code == 3
    assert [one["result"] for one in json.loads(done.stdout)["files"]] == ["exact", "unresolved"]


def test_lineage_is_told(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", "license: llama3.1\nbase_model: meta-llama/Llama-3.1-8B")
    done = kit("lineage", str(folder), "--format", "json")
    assert json.loads(done.stdout)["ancestors"][0]["licenses"] == ["llama3.1"]


def test_the_disclaimer_stands_once(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", "license: apache-2.0")
    assert kit("audit", str(folder)).output.count("Not legal advice") == 1


def test_a_repository_object_can_be_judged_alone(tmp_path: Path) -> None:
    folder = model(tmp_path / "m", "license: apache-2.0", apache())
    found = auditing.audit(repository.read(open_source(str(folder))), Profile(), lambda parent: None)
    assert found.concluded == "apache-2.0"
