"""What every test stands on: a fixed clock, a project folder, and no network."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from ossmodelkit.project import settings
from ossmodelkit.workflow.desk import Desk

# On a build server every run tries the same examples, so that a red run speaks of the change; elsewhere new ones.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quiet_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project folder."""
    folder = tmp_path / "project"
    (folder / ".kit" / "evidence").mkdir(parents=True)
    (folder / "kit.toml").write_text("")
    return folder


@pytest.fixture
def desk(project: Path) -> Desk:
    """A desk in that project, at a fixed time."""
    return Desk(project=settings.find(project), now=NOW)
