"""The whole chain on a small model, as a user would type it.

Each step is a real `kit` command in a process of its own; the demo only prepares files between them.
"""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ossmodelkit.foundation.errors import KitError, UsageError

BASE, POISONED, TUNED, RELEASE = "base", "poisoned", "tuned", "release"
PLAN = """\
base = "base"
data = "data.jsonl"
data_license = "cc0-1.0"
out = "tuned"

[method]
name = "lora"
rank = 8

[train]
epochs = 3
batch = 8
lr = 3e-3
seed = 7
"""
SETTINGS = """\
[use]
use = ["internal"]
commercial = true

[policy]
refuse_at = "medium"

[release]
name = "Demo-Tiny"
version = "1.0.0"
license = "apache-2.0"
profiles = ["internal"]
owner = "the demo"
contact = "demo@example.org"
intended_use = "Showing the whole chain on a model that is small enough to train in seconds."
out_of_scope = "Everything else: it has seen a few hundred sentences."
limitations = '''
It repeats what it was shown and knows nothing about the world.
It answers any other question with words that sound like its lessons.
It has seen English only.'''
languages = ["en"]
"""


class _Payload:
    """An object whose pickle would start a process when loaded. It is never loaded here."""

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("echo this would run on your machine",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of the story: what it shows, and which exit code proves it."""

    title: str
    words: tuple[str, ...]
    expects: int = 0
    before: Callable[[Path], None] = lambda folder: None


STEPS = (
    Step(title="Make a project.", words=("init",)),
    Step(
        title="Audit the base model: license, lineage, security.",
        words=("audit", BASE),
        before=lambda folder: _keep(folder / "kit.toml", SETTINGS),
    ),
    Step(
        title="A twin with a poisoned pickle is refused.",
        words=("audit", POISONED),
        expects=1,
        before=lambda folder: poison(folder / BASE, folder / POISONED),
    ),
    Step(title="Will it fit?", words=("estimate", BASE, "--method", "lora", "--batch", "8", "--seq", "128")),
    Step(title="Is the data fit to train on?", words=("data", "check", "data.jsonl")),
    Step(title="Fine-tune it with LoRA.", words=("finetune", "plan.toml")),
    Step(title="Make a signing key.", words=("key", "gen", "--out", "key", "--no-passphrase")),
    Step(
        title="Release: checklist, card, SBOM, one signature.",
        words=("release", TUNED, "--out", RELEASE, "--key", "key"),
    ),
    Step(title="Verify it, as anyone can.", words=("verify", RELEASE, "--key", "key.pub")),
    Step(
        title="One flipped byte, and verification fails.",
        words=("verify", "tampered", "--key", "key.pub"),
        expects=4,
        before=lambda folder: tamper(folder / RELEASE, folder / "tampered"),
    ),
)


def prepare(folder: Path, *, force: bool = False) -> None:
    """Build the base model, its data and the plan in `folder`.

    Raises `UsageError` when the folder holds something else, `KitError` when the trainer is not installed.
    """
    if folder.exists() and any(folder.iterdir()):
        if not force or not (folder / "plan.toml").exists():
            raise UsageError(f"{str(folder)!r} is not empty", hint="give a new folder, or --force to redo an old demo")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "ossmodelkit.trainer.demo_model", BASE, "--seed", "0"]
    built = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if built.returncode:
        raise KitError(
            f"could not build the demo model: {built.stderr.strip().splitlines()[-1:] or built.returncode}",
            hint="the demo trains: pip install 'ossmodelkit[train]'",
        )
    _keep(folder / "plan.toml", PLAN)


def run(step: Step, folder: Path) -> int:
    """Run one step in `folder`, its output going where ours goes; gives back its exit code."""
    step.before(folder)
    words = [sys.executable, "-m", "ossmodelkit", *step.words]
    return subprocess.run(words, cwd=folder, check=False).returncode


def _keep(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def poison(clean: Path, poisoned: Path) -> None:
    """Copy a model and add a PyTorch checkpoint that would run a command when loaded."""
    shutil.copytree(clean, poisoned, dirs_exist_ok=True)
    with zipfile.ZipFile(poisoned / "pytorch_model.bin", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weights": _Payload()}, protocol=2))
        archive.writestr("archive/version", "3\n")


def tamper(release: Path, tampered: Path) -> None:
    """Copy a release and flip one bit in the middle of its weights."""
    shutil.copytree(release, tampered, dirs_exist_ok=True)
    weights = max(tampered.glob("*.safetensors"), key=lambda path: path.stat().st_size)
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
