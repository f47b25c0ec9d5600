"""Audit, scan, license, estimate and verify never touch torch and its family."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "peft", "accelerate", "numpy", "tokenizers", "safetensors", "huggingface_hub")
RUN = """
import sys
class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {heavy!r}:
            raise RuntimeError("imported " + name)
sys.meta_path.insert(0, Forbid())
sys.argv = ["kit", *{words!r}]
from ossmodelkit.cli.app import main
main()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama-shaped folder, written without any library."""
    folder = tmp_path_factory.mktemp("light") / "model"
    folder.mkdir()
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 8,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "vocab_size": 16,
        "max_position_embeddings": 64,
        "torch_dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n")
    return folder


def kit(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process where the heavy family cannot be imported."""
    script = RUN.format(heavy=HEAVY, words=words)
    return subprocess.run([sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        pytest.param(("--help",), {0}, id="help"),
        pytest.param(("audit", "{model}"), {0, 3}, id="audit"),
        pytest.param(("scan", "{model}"), {0}, id="scan"),
        pytest.param(("license", "audit", "{model}"), {0, 1, 3}, id="license"),
        pytest.param(("estimate", "{model}"), {0}, id="estimate"),
        pytest.param(("verify", "{model}", "--key", "none.pub"), {2, 3, 4}, id="verify"),
        pytest.param(("data", "--help"), {0}, id="data"),
        pytest.param(("release", "--help"), {0}, id="release"),
        pytest.param(("finetune", "--help"), {0}, id="finetune"),
        pytest.param(("init",), {0}, id="init"),
    ],
)
def test_light_commands_work_without_torch(
    words: tuple[str, ...], codes: set[int], model: Path, tmp_path: Path
) -> None:
    done = kit(*(word.format(model=model) for word in words), cwd=tmp_path)
    assert done.returncode in codes, done.stderr
    assert "imported" not in done.stderr
