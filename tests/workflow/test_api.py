"""The Python API: the verbs as functions, and a load that scans first."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

import ossmodelkit
from ossmodelkit.core.policy import Outcome
from ossmodelkit.foundation.errors import RefusedError


class Shell:
    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("echo never",)


def test_audit_is_a_function(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({}))
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    assert ossmodelkit.audit(str(tmp_path)).outcome is Outcome.PASS


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sacn'"):
        ossmodelkit.sacn  # noqa: B018


@pytest.mark.train
def test_clean_weights_are_loaded(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    torch.save({"w": torch.ones(2)}, tmp_path / "a.pt")
    save_file({"w": torch.ones(2)}, tmp_path / "a.safetensors")
    for name in ("a.pt", "a.safetensors"):
        assert ossmodelkit.safe_load(tmp_path / name)["w"].tolist() == [1.0, 1.0]


def test_weights_that_would_run_code_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Shell()))
    with pytest.raises(RefusedError, match="dangerous"):
        ossmodelkit.safe_load(path)
