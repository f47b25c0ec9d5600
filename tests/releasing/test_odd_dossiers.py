"""Names, licenses, parents and data of every odd shape: the documents stay valid for the tools of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.releasing import cyclonedx, spdx
from ossmodelkit.releasing.assembling import Found, Wishes, assemble
from ossmodelkit.releasing.card import fences
from ossmodelkit.releasing.dossier import FileFact, Words
from ossmodelkit.reporting.escaping import markdown
from ossmodelkit.workflow.release import release
from tests.making.dossiers import BASE, SHA, dossier
from tests.making.forged import answer
from tests.making.releases import license_details, options, project, record, run_details

VALIDATORS = {version: JsonStrictValidator(SchemaVersion.from_version(version)) for version in ("1.6", "1.7")}


def words(**more: Any) -> dict[str, Any]:
    usual = {"name": "Tiny", "version": "1.0", "owner": "Ada", "contact": "a@b.c", "license": "apache-2.0"}
    usual |= {"intended_use": "Tests.", "users": "You.", "limitations": "It fails. It repeats. It cannot count."}
    return {"words": Words(**(usual | more))}


def licensed(**more: Any) -> dict[str, Any]:
    return {"records": (record(Kind.LICENSE, SHA, **license_details(**more)),), **words()}


def from_parents(*rows: dict[str, Any]) -> dict[str, Any]:
    usual = {"relation": "finetune", "declared_in": "README.md"}
    return licensed(parents=[usual | row for row in rows])


def trained_on(*data: Any) -> dict[str, Any]:
    records: tuple[Evidence, ...] = (record(Kind.FINETUNE, SHA, **run_details(BASE, data=list(data))),)
    return {"records": records, **words()}


def files(*names: str) -> dict[str, Any]:
    return {"files": {name: FileFact(bytes=1, sha256=f"{n:064x}") for n, name in enumerate(names)}, **words()}


ODD: list[Any] = [
    pytest.param(words(name="模型 \u202eTiny 💥", owner="Иван"), id="names in other scripts"),
    pytest.param(words(name="a\x00b\x1b[31m", owner="\x07", version="\x01"), id="control characters"),
    pytest.param(words(name="Tiny 31", owner="Team 42", version="2026.11", contact="+49 30 1234567"), id="digits"),
    pytest.param(words(intended_use="Answers questions about the 50 states."), id="a count in what it is for"),
    pytest.param(words(license="my own license v1"), id="a license of one's own"),
    pytest.param(words(license="лицензия №1"), id="a license in another script"),
    pytest.param(words(license="apache-2.0 OR mit"), id="an expression"),
    pytest.param(words(license="LicenseRef-Foo"), id="a reference"),
    pytest.param(words(version="v1.0 β/\\ \"'"), id="a strange version"),
    pytest.param(words(version="", owner="", contact=""), id="nobody and no version"),
    pytest.param(words(intended_use="| a |\n# H\n<script>x</script>", users="```\nx"), id="markup in words"),
    pytest.param(words(intended_use="<!-- kit:end use -->\n<!-- kit:begin x -->\n---\nlicense: mit\n---"), id="fences"),
    pytest.param(words(intended_use="x " * 20_000), id="a very long text"),
    pytest.param(
        files("模型/权.bin", "line\nbreak", "tab\t", "<x>&\"'", "a b", "x" * 255, "b\\s", "-rf"), id="file names"
    ),
    pytest.param(files(*(f"model-{n:05}-of-00300.safetensors" for n in range(300))), id="three hundred files"),
    pytest.param(
        from_parents(
            {"ref": "org/a", "relation": "merge", "license": "mit", "sha256": "11" * 32},
            {"ref": "org/b-7B", "relation": "merge", "license": "llama3.1", "revision": "1" * 40},
            {"ref": "./local/c", "relation": "merge", "sha256": "22" * 32},
            {"ref": "org/データ 5", "relation": "dataset", "license": "cc-by-4.0"},
            {"ref": "org/model 55 b", "revision": "1" * 40},
            {"ref": "орг/модель", "relation": "adapter", "license": "x y"},
            {"ref": "", "sha256": "33" * 32},
        ),
        id="many parents",
    ),
    pytest.param(from_parents({"ref": "org/a"}, {"ref": "org/a", "relation": "adapter"}), id="a parent twice"),
    pytest.param(
        licensed(
            obligations=[{"id": "use-restriction", "text": "No use in 13 countries under section 4.", "clause": "4"}],
            notice_strings=["Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright 1999 X"],
            display_strings=["Built with Llama 3.1"],
        ),
        id="notices with numbers",
    ),
    pytest.param(
        trained_on(
            {"ref": "/home/me/data ü 77.jsonl", "sha256": "aa" * 32, "rows": 5, "license": "cc-by-4.0"},
            {"name": "org/x", "license": "mit"}, {"path": "p", "license": "лиц"}, {"ref": "", "rows": "many"},
            {"name": "x\ny", "license": "cc0-1.0 AND mit"}, {"ref": "/x/\udcff.jsonl"},
        ),
        id="data of every kind",
    ),
    pytest.param(trained_on(), id="no data"),
    pytest.param({"records": (record(Kind.FINETUNE, SHA),), **words()}, id="a run that told nothing"),
]  # fmt: skip


@pytest.mark.parametrize("more", ODD)
def test_the_documents_of_an_odd_release_are_valid(more: dict[str, Any], tmp_path: Path) -> None:
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    made = dossier(**more)
    for version, validator in VALIDATORS.items():
        assert validator.validate_str(cyclonedx.build(made, version=version).decode()) is None
    (tmp_path / "x.spdx.json").write_bytes(spdx.build(made, b"text"))
    assert validate_full_spdx_document(parse_file(str(tmp_path / "x.spdx.json"))) == []
    done, checklist = assemble(made, Found(license=b"text"), Wishes(escape=markdown, claims=("result",)))
    card = done.documents["README.md"].decode("utf-8", "surrogateescape")
    header = ModelCard(card).data.to_dict()
    assert json.dumps(header)
    assert not [part.name for part in fences.parts(card) if part.edited]
    states = {line.item.id: (line.state, line.why) for line in checklist.lines}
    assert states["EVL-001"][0] == "pass", states["EVL-001"]
    assert not [item for item, (state, _) in states.items() if state == "error"]


def test_a_score_does_not_hide_in_a_name() -> None:
    for more in (words(owner="Accuracy 99.1%"), trained_on({"name": "accuracy 99.1%", "license": "mit"})):
        _, checklist = assemble(dossier(**more), Found(license=b"text"), Wishes(escape=markdown))
        (line,) = [line for line in checklist.lines if line.item.id == "EVL-001"]
        assert (line.state, "99.1" in line.why) == ("fail", True)


def test_names_that_are_no_utf8_are_released_and_verify(tmp_path: Path) -> None:
    """A run may have read data under any name that a disk can hold; every document tells it, and stays readable."""
    run: dict[str, Any] = {"data": {"path": "x\udcff.jsonl", "sha256": "ab" * 32, "license": "cc0-1.0"}}
    made = project(tmp_path, hardware={"cpu": "c\udcff"}, environment={"packages": {"to\udcffrch": "2.1.0"}}, **run)
    assert release(options(tmp_path), desk=made).verdict == "released"
    assert answer(tmp_path / "out", key=str(tmp_path / "key.pub")).word == "verified"
