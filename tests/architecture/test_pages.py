"""Every check has its page, every page its check, and the help on paper is the help of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ossmodelkit.core.check import Check
from ossmodelkit.foundation import resources
from ossmodelkit.workflow.explain import explain, pages
from tools import commands_page

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def catalog() -> tuple[Check, ...]:
    """The checks of the scan, and of a model against its base."""
    from ossmodelkit.scanning.against.catalog import CHECKS
    from ossmodelkit.scanning.catalog import every_check

    return (*every_check(), *CHECKS)


def test_every_check_has_a_page() -> None:
    assert sorted({one.id for one in catalog()} - set(pages())) == []


def test_ids_are_unique_and_name_a_defect() -> None:
    ids = [one.id for one in catalog()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", one) for one in ids)


@pytest.mark.parametrize("page", pages())
def test_a_page_begins_with_its_id_and_says_what_to_do(page: str) -> None:
    text = explain(page)
    assert text.splitlines()[0].startswith("# ")
    assert page in text.splitlines()[0]
    assert len(text) > 200


def test_pages_ship_with_the_program() -> None:
    assert resources.folder("checks").is_dir()


def test_the_commands_page_is_what_the_program_prints() -> None:
    """Mend it with `python tools/commands_page.py`."""
    assert (DOCS / "commands.md").read_text() == commands_page.page()


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(DOCS.parent)} -> {target}")
    assert broken == []
