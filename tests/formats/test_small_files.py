from __future__ import annotations

import struct
from pathlib import Path

import pytest

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats import executables, media, text
from ossmodelkit.foundation.errors import UnreadableError
from tests.making.blobs import blob, flagged, scan, views
from tests.making.hub_layouts import picture, record

PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(60)
PROGRAMS = {
    "ELF library": b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<H", 3) + bytes(60),
    "PE": PE,
    "Mach-O": b"\xcf\xfa\xed\xfe" + bytes(60),
    "universal Mach-O": b"\xca\xfe\xba\xbe\0\0\0\x02" + bytes(60),
    "Java class": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60),
    "llamafile": b"MZqFpD='\n" + bytes(100),
    "WebAssembly": b"\0asm\1\0\0\0",
    "compiled Python": struct.pack("<H", 3495) + b"\r\n" + bytes(12) + b"\xe3" + bytes(30),
    "static library": b"!<arch>\n" + bytes(60),
    "shortcut": b"L\0\0\0\x01\x14\x02\0" + bytes(60),
}


@pytest.mark.parametrize("data", PROGRAMS.values(), ids=PROGRAMS.keys())
@pytest.mark.parametrize("name", ["helper", "pytorch_model.bin", "model.safetensors"])
def test_executable_in_model_flags(tmp_path: Path, data: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert "executable-in-model" in flagged(tmp_path)


@pytest.mark.parametrize("data", [b"MZ is how a text may begin\n" * 5, b"\x7fELFish\n", b"MZ" + bytes(10), b"\xca\xfe"])
def test_what_only_begins_like_a_program_is_none(data: bytes) -> None:
    assert views(executables.READER, data) == [] or data.startswith(b"\x7fELF")


BESIDE = {
    "logo.png": picture(),
    "photo.jpg": b"\xff\xd8\xff\xe0" + bytes(40),
    "sound.wav": b"RIFF\x24\0\0\0WAVE" + bytes(40),
    "clip.mp4": b"\0\0\0\x18ftypmp42" + bytes(40),
    "paper.pdf": b"%PDF-1.7\n\xff\xff" + bytes(40),
    "table.parquet": b"PAR1" + bytes(40) + b"PAR1",
    "data.arrow": b"\xff\xff\xff\xff" + struct.pack("<i", 64) + bytes(80),
    "events.out.tfevents.1": record(b"abc") * 5,
    ".DS_Store": b"\0\0\0\1Bud1" + bytes(40),
    "notes.txt": "ünïcode\n".encode("utf-16"),
    "old.txt": "caf\xe9 na\xefve and a longer line of plain letters\n".encode("latin-1"),
    "bom.json": b"\xef\xbb\xbf{}",
    "crlf.csv": b"a,b\r\n1,2\r\n",
    "form.txt": b"page one\x0cpage two\n",
}


@pytest.mark.parametrize(("name", "data"), BESIDE.items(), ids=BESIDE.keys())
def test_files_beside_models_are_clean(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert scan(tmp_path).verdict == "clean"


def test_a_broken_record_is_no_record() -> None:
    assert views(media.RECORDS, b"\x03" + bytes(60)) == []


def test_a_text_that_turns_binary_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="turns into binary"):
        views(text.READER, b"#!/bin/sh\n" + b"x" * 5000 + bytes(100), "x.sh")


def test_a_pointer_of_git_lfs_is_a_gap() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"
    assert any(isinstance(item, Gap) for item in views(text.READER, pointer))


def test_unknown_bytes_are_incomplete(tmp_path: Path) -> None:
    (tmp_path / "x.engine").write_bytes(b"ftrt" + bytes(range(256)))
    assert scan(tmp_path).verdict == "incomplete"
    assert blob(b"x").head() == b"x"
