from __future__ import annotations

from pathlib import Path

import pytest

from tests.making import models


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("peft")
    return models.tiny_llama(tmp_path_factory.mktemp("against") / "base")
