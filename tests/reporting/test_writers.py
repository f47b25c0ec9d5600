"""One report, many readers; a stranger's text stays text in each of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from ossmodelkit.reporting.escaping import one_line
from ossmodelkit.reporting.formats import Format, format_for, render
from tests.reporting.reports import HOSTILE, PLAIN

GOLDEN = Path(__file__).parent.parent / "golden"
SCHEMA = json.loads((Path(__file__).parent.parent / "schemas" / "sarif-2.1.0.json").read_text())
TEXTS = list(Format)


@pytest.mark.parametrize("kind", TEXTS)
def test_the_report_looks_as_it_did(kind: Format) -> None:
    golden = GOLDEN / f"report.{kind}"
    told = render(PLAIN, kind)
    if os.environ.get("KIT_GOLDEN"):
        golden.write_text(told)
    assert told == golden.read_text()


@pytest.mark.parametrize("report", [PLAIN, HOSTILE], ids=["plain", "hostile"])
def test_sarif_keeps_to_its_schema(report: object) -> None:
    jsonschema.validate(json.loads(render(report, Format.SARIF)), SCHEMA)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", TEXTS)
def test_no_control_or_reversing_character_gets_through(kind: Format) -> None:
    told = render(HOSTILE, kind)
    assert not {"\x1b", "\x00", "\r", "\u202e"} & set(told)


def test_markdown_keeps_a_strangers_markup_as_text() -> None:
    told = render(HOSTILE, Format.MARKDOWN)
    assert "<script>" not in told
    assert "](javascript" not in told
    assert "\n# not a heading" not in told


def test_json_puts_the_machine_view_on_top() -> None:
    told = json.loads(render(PLAIN, Format.JSON))
    assert told["verdict"] == "fail"
    assert told["payload_sha256"] == "ab" * 32
    assert told["findings"][0]["check"] == "pickle-imports-shell"


def test_the_same_report_gives_the_same_bytes() -> None:
    assert all(render(PLAIN, kind) == render(PLAIN, kind) for kind in TEXTS)


def test_sarif_fingerprints_do_not_move_with_the_offset() -> None:
    from dataclasses import replace

    moved = replace(PLAIN, findings=(replace(PLAIN.findings[1], at=replace(PLAIN.findings[1].at, offset=99)),))
    prints = [json.loads(render(r, Format.SARIF))["runs"][0]["results"] for r in (PLAIN, moved)]
    assert prints[0][0]["partialFingerprints"] == prints[1][0]["partialFingerprints"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\nb", "a\\x0ab", id="line break"),
        pytest.param("\x1b[31m", "\\x1b[31m", id="terminal escape"),
        pytest.param("exe\u202egnp", "exe\\u202egnp", id="reversed reading order"),
        pytest.param("a\u200bb", "a\\u200bb", id="no width"),
        pytest.param("über 模型", "über 模型", id="letters of any script are fine"),
        pytest.param("\udcff", "\\udcff", id="bytes that are not UTF-8"),
        pytest.param("x" * 500, "x" * 399 + "…", id="too long"),
    ],
)
def test_invisible_characters_are_made_visible(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize(
    ("wanted", "kind", "path"),
    [("report.html", Format.HTML, "report.html"), ("sarif=out.json", Format.SARIF, "out.json")],
)
def test_a_file_is_written_in_the_format_it_is_called(wanted: str, kind: Format, path: str) -> None:
    assert format_for(wanted) == (kind, Path(path))


def test_many_findings_of_a_kind_are_told_once() -> None:
    from dataclasses import replace

    many = tuple(replace(PLAIN.findings[0], at=replace(PLAIN.findings[0].at, line=line)) for line in range(1, 41))
    told = render(replace(PLAIN, findings=many), Format.TEXT)
    assert "license-display-missing  40 times" in told
    assert told.count(PLAIN.findings[0].remedy) == 1
    assert [f"README.md:{line}" in told for line in (1, 5, 6)] == [True, True, False]
    assert "… and 35 more of this kind, up to README.md:40" in told


@pytest.mark.parametrize("kind", [Format.HTML, Format.MARKDOWN])
def test_a_page_lists_every_place_of_a_kind_under_one_head(kind: Format) -> None:
    from dataclasses import replace

    many = tuple(replace(PLAIN.findings[0], at=replace(PLAIN.findings[0].at, line=line)) for line in range(1, 41))
    told = render(replace(PLAIN, findings=many), kind)
    assert "40 times" in told
    assert sum(f":{line}<" in told or f":{line} |" in told for line in range(1, 41)) == 40
    other = replace(PLAIN.findings[0], remedy="Something else.")
    assert "40 times" in render(replace(PLAIN, findings=(*many, other)), kind)
