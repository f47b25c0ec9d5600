"""A folder that is about to be handed on: what it still owes, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ossmodelkit.licensing.situation import Profile
from ossmodelkit.workflow.desk import Desk
from tests.licensing.test_audit import found, model
from tests.making.license_texts import apache

OPEN = Profile(use=("redistribute-weights",), mau=0, annual_revenue_usd=0)
BASE = "license: apache-2.0\nbase_model: mistralai/Mistral-7B-v0.1"


@pytest.mark.parametrize(
    ("front", "files", "owes"),
    [
        pytest.param(BASE, {}, {"modified-notice"}, id="no word about changes"),
        pytest.param(BASE + "\nbase_model_relation: quantized", {}, set(), id="the card says what was done"),
        pytest.param(BASE, {"CHANGES__md": "Trained on our data."}, set(), id="a file says what was done"),
        pytest.param(
            BASE,
            {"adapter_config__json": '{"base_model_name_or_path": "mistralai/Mistral-7B-v0.1"}'},
            set(),
            id="an adapter changes no file of its base",
        ),
    ],
)
def test_an_apache_fine_tune_says_that_it_is_one(
    front: str, files: dict[str, str], owes: set[str], tmp_path: Path, desk: Desk
) -> None:
    verdict, ids = found(model(tmp_path / "m", front, LICENSE=apache(), **files), desk, OPEN)
    assert ids == owes
    assert verdict == ("fail" if owes else "ok-with-obligations")


def test_terms_at_the_gate_bind_whoever_downloads(tmp_path: Path, desk: Desk) -> None:
    base = "license: mit\nbase_model: google/gemma-2-9b"
    gate = base + "\nextra_gated_prompt: The use restrictions of section 3.2 of the Gemma Terms bind you."
    bound = "use-restriction-pass-on"
    assert bound in found(model(tmp_path / "m", base, USE_POLICY__md="Be kind."), desk, OPEN)[1]
    assert bound not in found(model(tmp_path / "n", gate), desk, OPEN)[1]


def test_an_upstream_notice_beside_the_model_travels(tmp_path: Path, desk: Desk) -> None:
    model(tmp_path / "parent", LICENSE=apache(), NOTICE="Parent, made by its makers.")
    folder = model(tmp_path / "m", "license: apache-2.0\nbase_model: org/parent", LICENSE=apache(), CHANGES="Tuned.")
    assert found(folder, desk, OPEN)[1] == {"notice-missing"}
    (folder / "NOTICE").write_text("Parent, made by its makers.")
    assert found(folder, desk, OPEN)[1] == set()
