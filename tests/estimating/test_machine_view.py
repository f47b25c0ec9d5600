"""Every option of the machine interface takes exactly the values that are documented, and answers with every key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ossmodelkit.cli.estimate import estimate
from tests.estimating.shapes import SMALL

WORDS: dict[str, tuple[str, ...]] = {
    "--method": ("full", "lora", "dora", "prompt", "ia3"),
    "--quantize": ("none", "int8", "nf4"),
    "--batch": ("1", "7"),
    "--seq": ("17", "777"),
    "--dtype": ("bf16", "fp32", "fp16"),
    "--adapter-dtype": ("fp32", "bf16"),
    "--autocast": ("none", "bf16"),
    "--optimizer": ("adamw", "adamw_foreach", "adamw8bit", "paged_adamw8bit", "sgd", "adafactor"),
    "--attention": ("sdpa", "eager", "varlen"),
    "--loss": ("full", "chunked"),
    "--rank": ("1", "64"),
    "--targets": ("all-linear", "q_proj,v_proj", "down_proj"),
    "--prompt-tokens": ("8",),
    "--fsdp": ("1", "4"),
    "--gpu": ("H100", "2xH100", "RTX-4090"),
}
FLAGS = ("--checkpointing", "--no-checkpointing", "--padded")
CATEGORIES = ("frozen", "trainable", "gradients", "optimizer", "saved_activations", "transient")


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SMALL["llama"]))
    return str(path)


def told(model: str, *words: str) -> dict[str, Any]:
    app = typer.Typer()
    app.command()(estimate)
    done = CliRunner().invoke(app, [model, *words, "--format", "json"])
    assert done.exit_code == 0, (words, done.output, done.exception)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("option", "value"), [pytest.param(name, value) for name, values in WORDS.items() for value in values]
)
def test_every_documented_value_is_taken_and_told_again(model: str, option: str, value: str) -> None:
    more = ("--method", "prompt") if option == "--prompt-tokens" else ()
    found = told(model, option, value, *more)
    if option != "--gpu":
        said = found["options"][option.removeprefix("--").replace("-", "_")]
        assert (",".join(said) if isinstance(said, list) else str(said)) == value


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_is_taken(model: str, flag: str) -> None:
    name = flag.removeprefix("--").removeprefix("no-")
    assert told(model, flag)["options"][name] is not flag.startswith("--no-")


def test_every_documented_key_is_there(model: str) -> None:
    found = told(model, "--gpu", "2xH100", "--gpu", "L4")
    assert found["tier"] == "instant"
    memory = found["memory"]
    assert memory["on_card_bytes"] > memory["reserved_peak_bytes"] > memory["allocated_peak_bytes"]
    assert memory["peak_phase"] in memory["phases"]
    assert set(CATEGORIES) <= set(memory["categories"])
    assert sum(memory["categories"].values()) == memory["allocated_peak_bytes"]
    for shelf in ("fits", "time", "cost"):
        assert len(found[shelf]) == 2, shelf
    assert all(isinstance(line, str) for line in found["not_counted"])
    assert found["not_counted"]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--dtype", "fp16", "--autocast", "bf16", "--attention", "varlen"), id="fp16, packed"),
        pytest.param(("--dtype", "fp16", "--autocast", "bf16", "--attention", "eager", "--padded"), id="fp16, masked"),
        pytest.param(("--dtype", "fp16", "--adapter-dtype", "bf16", "--method", "dora"), id="two 16-bit types"),
    ],
)
def test_rare_pairs_of_types_are_answered(model: str, words: tuple[str, ...]) -> None:
    assert told(model, *words)["memory"]["allocated_peak_bytes"] > 0
