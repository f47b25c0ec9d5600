"""`kit.toml` is found from below, read strictly, and its mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ossmodelkit.core.finding import Severity
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.project import settings


def test_a_project_is_found_from_a_folder_below(project: Path) -> None:
    inner = project / "a" / "b"
    inner.mkdir(parents=True)
    found = settings.find(inner)
    assert found and found.root == project


def test_no_project_is_none(tmp_path: Path) -> None:
    assert settings.find(tmp_path) is None


def test_an_absent_file_gives_the_defaults(tmp_path: Path) -> None:
    assert settings.read(tmp_path / "kit.toml") == settings.Settings()


def test_the_shipped_example_is_valid_with_every_line_uncommented(tmp_path: Path) -> None:
    text = (resources.folder("templates") / "kit.toml").read_text()
    path = tmp_path / "kit.toml"
    path.write_text("\n".join(_uncomment(line) for line in text.splitlines()))
    known = settings.read(path)
    assert known.policy.refuse_at is Severity.MEDIUM
    assert known.policy.waivers[0].check == "pickle-unknown-global"
    assert known.release.name == "Acme-Tiny"


def _uncomment(line: str) -> str:
    rest = line.removeprefix("# ")
    return rest if " = " in rest or rest.startswith("[") else line


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        pytest.param("[polcy]\n", "unknown field 'polcy'", "'policy'", id="misspelt table"),
        pytest.param("[policy]\nrefuse-at = 'hihg'\n", "policy.refuse-at", "'high'", id="misspelt severity"),
        pytest.param("[use\n", "line 1", "docs/commands.md", id="broken TOML"),
        pytest.param(
            "[[policy.waivers]]\ncheck='a'\nowner='b'\nreason='too short'\ncreated=2026-01-01\nexpires=2026-02-01",
            "the reason needs 20 characters",
            "",
            id="careless waiver",
        ),
        pytest.param("[use]\nmau = 'many'\n", "use.mau", "", id="number as text"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, message: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "kit.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        settings.read(path)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert str(path) in caught.value.message
