"""The files people copy into their pipelines are valid and name commands that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ossmodelkit.cli.app import COMMANDS

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(
    ("file", "schema"),
    [("action.yml", "vendor.github-actions"), ("templates/ci/gitlab.yml", "vendor.gitlab-ci")],
)
def test_pipeline_files_keep_to_their_schema(file: str, schema: str) -> None:
    run = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / file)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", ["action.yml", "templates/ci/gitlab.yml", ".pre-commit-hooks.yaml"])
def test_pipeline_files_name_commands_that_exist(file: str) -> None:
    text = (ROOT / file).read_text()
    named = set(re.findall(r"\bkit ([a-z]+) [\"$M-]", text)) | set(re.findall(r"entry: kit (\w+)", text))
    assert named <= set(COMMANDS)


def test_the_hook_takes_the_files_that_can_carry_code() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    for name in ("pytorch_model.bin", "a/model.safetensors", "x.pkl", "m.gguf", "w.npz"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], "README.md")


def test_inputs_of_the_action_never_reach_the_shell_as_code() -> None:
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    assert not [step for step in steps if "${{" in step.get("run", "")]
