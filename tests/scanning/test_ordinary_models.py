from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.making import hub_layouts
from tests.making.blobs import scan


def told(folder: Path) -> list[str]:
    """Everything that would keep the folder from being clean."""
    found = scan(folder).answers
    return [f"{f.check} {f.at} {f.saw}" for f in found.findings if f.severity.rank >= 2] + [
        f"{gap.at} {gap.reason}" for gap in found.gaps
    ]


@pytest.mark.parametrize("layout", hub_layouts.LIGHT, ids=lambda layout: layout.__name__)
def test_ordinary_repositories_are_clean(tmp_path: Path, layout: Callable[[Path], None]) -> None:
    layout(tmp_path)
    assert told(tmp_path) == []


@pytest.mark.train
@pytest.mark.parametrize("layout", hub_layouts.HEAVY, ids=lambda layout: layout.__name__)
def test_repositories_of_the_real_libraries_are_clean(tmp_path: Path, layout: Callable[[Path], None]) -> None:
    layout(tmp_path)
    assert told(tmp_path) == []
