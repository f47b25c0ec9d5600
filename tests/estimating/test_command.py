"""`kit estimate` as a user and as a machine sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.estimate import Question, estimate
from tests.estimating.shapes import LLAMA_8B, SMALL


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA_8B))
    return path


def kit(*words: str) -> tuple[int, dict[str, Any], str]:
    run = [sys.executable, "-m", "ossmodelkit", "estimate", *words, "--format", "json"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}, done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("--gpu", "H200"), 0, id="fits"),
        pytest.param(("--gpu", "RTX-4090"), 1, id="does not fit"),
        pytest.param(("--gpu", "H1000"), 2, id="unknown card"),
        pytest.param(("--seq", "0"), 2, id="no tokens"),
        pytest.param((), 0, id="no card asked for"),
    ],
)
def test_the_exit_code_answers(llama: Path, words: tuple[str, ...], code: int) -> None:
    assert kit(str(llama), *words)[0] == code


def test_an_unknown_family_cannot_be_judged(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "frobnicate"}))
    code, data, _ = kit(str(path))
    assert (code, data["verdict"]) == (3, "cannot-judge")
    assert "--trace" in json.dumps(data)


def test_the_machine_view_has_its_stable_keys(llama: Path) -> None:
    words = (
        "--method lora --quantize nf4 --batch 2 --seq 1024 --dtype bf16 --adapter-dtype bf16 --autocast none "
        "--optimizer paged_adamw8bit --checkpointing --attention varlen --loss chunked --rank 8 "
        "--targets q_proj,v_proj --prompt-tokens 8 --fsdp 1 --gpu 2xH100 --price 2.5 --rate 80 --pue 1.2 --mfu 0.3-0.4"
    )
    code, data, _ = kit(str(llama), *words.split())
    assert code == 0
    memory = data["memory"]
    assert memory["on_card_bytes"] > memory["reserved_peak_bytes"] > memory["allocated_peak_bytes"] > 0
    assert {"frozen", "trainable", "gradients", "optimizer", "saved_activations", "transient"} <= set(
        memory["categories"]
    )
    assert sum(memory["categories"].values()) == memory["allocated_peak_bytes"]
    assert memory["peak_phase"] in memory["phases"]
    (fit,), (time,), (cost,) = data["fits"], data["time"], data["cost"]
    assert fit["fits"] is True
    assert time["step_seconds"][0] < time["step_seconds"][1]
    assert cost["usd_per_hour"] == [2.5, 2.5]
    assert data["tier"] == "instant"
    assert data["not_counted"]


def test_a_card_that_is_too_small_gets_the_cheapest_change(llama: Path, desk: Desk) -> None:
    report = estimate(str(llama), Question(options={"seq": 2048}, gpus=("A100-40",)), desk=desk)
    assert report.verdict in ("fits", "does-not-fit")
    report = estimate(str(llama), Question(options={"seq": 4096}, gpus=("RTX-4090",)), desk=desk)
    assert report.verdict == "does-not-fit"
    assert report.data["remedies"]


@pytest.mark.parametrize("field", ["batch", "seq", "rank"])
def test_solving_finds_the_border(llama: Path, desk: Desk, field: str) -> None:
    shared = {"seq": 1024, "checkpointing": True}
    report = estimate(str(llama), Question(options=shared, gpus=("RTX-4090",), solve=field), desk=desk)
    largest = report.data["solve"][0]["value"]
    assert largest >= 1
    fits = estimate(str(llama), Question(options=shared | {field: largest}, gpus=("RTX-4090",)), desk=desk)
    beyond = estimate(str(llama), Question(options=shared | {field: largest + 1}, gpus=("RTX-4090",)), desk=desk)
    assert (fits.verdict, beyond.verdict) == ("fits", "does-not-fit")


@pytest.mark.train
@pytest.mark.parametrize("tier", ["--trace", "--quick"])
def test_a_trace_agrees_with_the_formula(tmp_path: Path, tier: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SMALL["llama"]))
    words = ("--seq", "256", "--checkpointing")
    _, instant, _ = kit(str(path), *words)
    code, traced, errors = kit(str(path), *words, tier)
    assert code == 0, errors
    assert traced["tier"] == tier.removeprefix("--")
    known = traced["memory"]["allocated_peak_bytes"]
    assert instant["memory"]["allocated_peak_bytes"] == pytest.approx(known, rel=0.02)


def test_a_plan_is_written_that_finetune_takes(llama: Path, desk: Desk, tmp_path: Path) -> None:
    import tomllib

    from ossmodelkit.core.training import Plan
    from ossmodelkit.foundation.wire import from_wire
    from ossmodelkit.workflow.plan import Wish, plan

    written = tmp_path / "plan.toml"
    wish = Wish(gpus=("2xH100",), data="train.jsonl", write=str(written), batch=8, seq=1024)
    report = plan(str(llama), wish, desk=desk)
    made = from_wire(Plan, tomllib.loads(written.read_text()), where="plan.toml")
    assert report.verdict == "fits"
    assert (made.train.batch, made.devices.processes) == (8, 2)


def test_no_way_on_the_front_is_beaten(llama: Path, desk: Desk) -> None:
    from ossmodelkit.workflow.plan import Wish, plan

    data = plan(str(llama), Wish(gpus=("RTX-4090",), batch=8, seq=1024), desk=desk).data
    points = [(way["step_seconds"], -round(way["spare_bytes"] / 2**30)) for way in data["front"]]
    assert points
    assert not any(a != b and a[0] <= b[0] and a[1] < b[1] - 2 for a in points for b in points)
    assert all(way["spare_bytes"] < 0 for way in data["failing"])


@pytest.mark.train
def test_a_family_without_coefficients_is_traced(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    small = SMALL["llama"] | {"model_type": "stablelm", "architectures": ["StableLmForCausalLM"]}
    path.write_text(json.dumps(small))
    assert kit(str(path), "--seq", "128")[0] == 3
    code, data, errors = kit(str(path), "--seq", "128", "--trace", "--gpu", "L4")
    assert code == 0, errors
    assert data["memory"]["allocated_peak_bytes"] > 0
