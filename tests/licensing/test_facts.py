"""The facts are complete, found by every name, and what is generated from them is current."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.code_pairs import answer, matrix
from ossmodelkit.licensing.deciding import IDS
from tools import license_index, license_pages

ROOT = Path(__file__).resolve().parent.parent.parent
TABLES = sorted((ROOT / "configs" / "licenses").glob("*.toml"))


def test_the_index_agrees_with_the_tables() -> None:
    """Mend it with `python -m tools.license_index`."""
    assert (ROOT / "configs" / "license-index.json").read_text(encoding="utf-8") == license_index.build()


def test_the_page_agrees_with_the_facts() -> None:
    """Mend it with `python -m tools.license_pages`."""
    assert (ROOT / "docs" / "licenses.md").read_text(encoding="utf-8") == license_pages.page()


def test_every_finding_has_a_page() -> None:
    assert [one for one in IDS if not (ROOT / "docs" / "checks" / f"{one}.md").is_file()] == []


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_table_is_whole(path: Path) -> None:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert table["id"] == path.stem
    assert {"name", "family", "applies_to", "verified", "verification", "confidence", "ids"} <= table.keys()
    assert table["verified"] == (table["verification"] == "text")
    assert "?" not in {table.get("share_alike", {}).get("kind")}


@pytest.mark.parametrize(
    ("word", "license_id"),
    [
        ("apache-2.0", "apache-2.0"), ("Apache-2.0", "apache-2.0"), ("GPL-3.0-or-later", "gpl-3.0"), 
        ("GPL-2.0", "gpl-2.0"),
        ("bsl-1.0", "bsl-1.0"), ("BUSL-1.1", "busl-1.1"), ("qwen", "qwen"), ("mrl-0.1", "mrl"),
        ("cpml", "coqui-public-model-license"),
        ("LicenseRef-llama3.1", "llama3.1"), ("Gemma", "gemma"), ("sdxl-license", "openrail++"),
    ],
)  # fmt: skip
def test_names_are_found(word: str, license_id: str) -> None:
    assert facts.find_name(word).id == license_id


@pytest.mark.parametrize(
    "word",
    [
        "modified-mit",
        "exaone",
        "tencent-hunyuan-community",
        "nvidia-open-model-license",
        "openrail",
        "cc",
        "gpl",
        "bsd",
    ],
)
def test_shared_names_settle_nothing(word: str) -> None:
    found = facts.find_name(word)
    assert found.id == ""
    assert len(found.candidates) > 1


@pytest.mark.parametrize("word", ["", "llama-9", "mit-license-2", "other", "unknown", "license"])
def test_unknown_names_are_no_license(word: str) -> None:
    assert facts.find_name(word).id == ""


def test_names_are_folded_as_the_index_folds_them() -> None:
    for word in (" Apache 2.0 ", "LicenseRef-Foo_Bar", "CC  BY", "a_b-c"):
        assert facts.fold(word) == license_index.fold(word)


def test_a_misspelt_id_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        facts.terms("llama-3.1")
    assert "llama3.1" in caught.value.hint


def test_code_pairs_point_the_right_way() -> None:
    apache, gpl3, gpl2 = (facts.terms(one) for one in ("apache-2.0", "gpl-3.0", "gpl-2.0"))
    assert answer(gpl3, apache) == "Yes"
    assert answer(apache, gpl3) == "No"
    assert answer(gpl2, apache) == "No"
    assert matrix()["license"] == "CC-BY-4.0"


def test_the_index_is_small() -> None:
    assert len(json.dumps(dict(facts.index()))) < 64 * 1024
