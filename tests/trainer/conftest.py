"""Bases are made once; each test gets a folder with a link to nothing but its own files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.making import models


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.tiny_llama(tmp_path_factory.mktemp("llama") / "base")


@pytest.fixture
def llama(llama_folder: Path, tmp_path: Path) -> Path:
    """A folder with `base` (a tiny Llama) and `data.jsonl` (24 chats)."""
    shutil.copytree(llama_folder, tmp_path / "base")
    models.write_rows(tmp_path / "data.jsonl", models.chats(24))
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny products gain nothing from threads, and lose much on a busy machine."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
