"""A release that was made once, and a copy of it to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ossmodelkit.workflow.release import release
from tests.making.releases import SETTINGS, WAIVER, options, project


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a release in `out`, which no test may change; a module may put one of its own in its place."""
    return _made(tmp_path_factory.mktemp("released"), SETTINGS)


@pytest.fixture(scope="session")
def waived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with a waiver in the settings."""
    return _made(tmp_path_factory.mktemp("waived"), SETTINGS + WAIVER)


@pytest.fixture
def out(released: Path, tmp_path: Path) -> Path:
    """A copy of the release, to do anything to."""
    copy: Path = shutil.copytree(released / "out", tmp_path / "out")
    return copy


def _made(root: Path, settings: str) -> Path:
    assert release(options(root), desk=project(root, settings_text=settings)).verdict == "released"
    return root
