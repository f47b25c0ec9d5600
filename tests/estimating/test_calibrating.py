"""What a card measured, concluded, kept and used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.estimating.options import Method, StepOptions
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from ossmodelkit.foundation.wire import to_wire
from ossmodelkit.workflow.calibrate import Wanted, calibrate
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.estimate import Question, estimate
from tests.estimating.shapes import LLAMA_8B

GIB = 2**30
MEASUREMENT: dict[str, Any] = {
    "driver_name": "NVIDIA H100 80GB HBM3",
    "torch": "2.13.0",
    "cuda": "13.0",
    "context_bytes": 600 * 2**20,
    "workspace_bytes": 32 * 2**20,
    "rate_tflops": 720.0,
    "watts": 640.0,
    "runs": [
        {
            "name": "lora",
            "options": to_wire(StepOptions(method=Method.LORA, batch=2, seq=1024)),
            "steps": 8,
            "tokens": 16384,
            "seconds": 1.0,
            "allocated_bytes": 8 * GIB,
            "reserved_bytes": 9 * GIB,
        },
        {
            "name": "full",
            "options": to_wire(StepOptions(method=Method.FULL, batch=1, seq=1024)),
            "steps": 8,
            "tokens": 8192,
            "seconds": 0.5,
            "allocated_bytes": 10 * GIB,
            "reserved_bytes": 11 * GIB,
        },
    ],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def concluded(folder: Path, desk: Desk, **changes: Any) -> dict[str, Any]:
    path = folder / "measurement.json"
    path.write_text(json.dumps(MEASUREMENT | changes))
    return dict(calibrate(Wanted(measurement=str(path)), desk=desk).data)


def test_a_measurement_becomes_ranges(home: Path, desk: Desk) -> None:
    found = concluded(home, desk)["calibration"]
    assert found["card"] == "nvidia-h100-sxm"
    assert found["reserved_over_allocated"] == [1.1, 1.125]
    assert found["tokens_per_second"] == [16384.0, 16384.0]
    assert 0 < found["mfu"][0] <= found["mfu"][1] <= 1
    assert found["predicted_over_measured"][0] > 0


def test_later_estimates_for_the_card_use_the_record(home: Path, desk: Desk) -> None:
    config = home / "config.json"
    config.write_text(json.dumps(LLAMA_8B))
    ask = Question(options={"seq": 1024}, gpus=("H100",))
    before = estimate(str(config), ask, desk=desk).data["memory"]
    concluded(home, desk)
    after = estimate(str(config), ask, desk=desk).data
    memory = after["memory"]
    assert memory["allocated_peak_bytes"] == before["allocated_peak_bytes"]
    assert memory["reserved_peak_bytes"] == round(memory["allocated_peak_bytes"] * 1.125)
    assert memory["on_card_bytes"] - memory["reserved_peak_bytes"] == 632 * 2**20
    assert (before["reserved_from"], memory["reserved_from"]) == ("usual ratio", "calibration")
    assert after["time"][0]["mfu_assumed"] != [0.2, 0.43]


def test_another_card_is_left_as_it_was(home: Path, desk: Desk) -> None:
    config = home / "config.json"
    config.write_text(json.dumps(LLAMA_8B))
    concluded(home, desk)
    memory = estimate(str(config), Question(options={"seq": 1024}, gpus=("A100-80",)), desk=desk).data["memory"]
    assert memory["reserved_from"] == "usual ratio"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"runs": []}, id="no runs"),
        pytest.param({"runs": "many"}, id="runs that are none"),
        pytest.param({"context_bytes": "much"}, id="text for bytes"),
    ],
)
def test_a_measurement_without_sense_is_refused(home: Path, desk: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        concluded(home, desk, **changes)


def test_a_record_that_would_make_everything_fit_is_refused(home: Path, desk: Desk) -> None:
    found = concluded(home, desk)
    path = Path(found["path"])
    record = json.loads(path.read_text()) | {"reserved_over_allocated": [0.1, 0.2]}
    path.write_text(json.dumps(record))
    config = home / "config.json"
    config.write_text(json.dumps(LLAMA_8B))
    with pytest.raises(UsageError, match="cannot be"):
        estimate(str(config), Question(options={"seq": 1024}, gpus=("H100",)), desk=desk)


@pytest.mark.train
def test_without_a_card_nothing_is_measured(desk: Desk) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a card here")
    with pytest.raises(NothingToJudgeError, match="no CUDA card"):
        calibrate(Wanted(), desk=desk)
