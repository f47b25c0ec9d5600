"""Whatever is done to the files of a release is refused with exit code 4, and the file is named."""

from __future__ import annotations

import os
import shutil
import socket
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.reporting.formats import Format, render
from ossmodelkit.workflow.release import release
from tests.making.forged import Change, answer, flip, statement_of, swap_for_link
from tests.making.releases import options, project

COMPOSED = unicodedata.normalize("NFC", "vocabulé.txt")
STRANGE_NAMES = (
    COMPOSED,
    "模型/権重.bin",
    "a b.bin",
    "line\nbreak.txt",
    "tab\tin.txt",
    "quote'\".txt",
    "-rf",
    "con.txt",
    "aux",
    "trailing.",
    "back\\slash.txt",
    "a-b/c.txt",
    "a/b.txt",
    "a.b.txt",
    "\U0001f600.txt",
    "\uffee.txt",
    "<img src=x>.txt",
    "\x1b[31mred.txt",
    "sub/model.sig",
    "sub/.gitignore",
)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release whose payload has every strange name that a disk can hold."""
    root = tmp_path_factory.mktemp("files")
    more = {name: f"{number}\n".encode() for number, name in enumerate(STRANGE_NAMES)}
    desk = project(root, more=more | {"empty.bin": b""})
    report = release(options(root), desk=desk)
    assert report.verdict == "released", report.findings
    return root


def test_strange_names_verify_and_are_signed_by_code_point(released: Path, out: Path) -> None:
    assert answer(out, key=str(released / "key.pub")).word == "verified"
    names = [one["name"] for one in statement_of(out)["predicate"]["resources"]]
    assert names == sorted(names) != sorted(names, key=lambda name: name.encode("utf-16-be"))


def every_file() -> list[str]:
    """A name of every kind of file that a release holds."""
    return [
        "adapter_model.safetensors", "adapter_config.json", COMPOSED, "line\nbreak.txt", "sub/model.sig", "README.md",
        "LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md", "release/release.json", "release/checklist.json",
        "release/checklist.md", "release/card.html", "release/sbom.cdx.json", "release/provenance.json",
        "release/attest.json", "release/waivers.json", "release/gpai_status.json", "release/data_disclosure.md",
    ]  # fmt: skip


@pytest.mark.parametrize("name", every_file())
@pytest.mark.parametrize("at", [0.0, 1.0], ids=["first byte", "last byte"])
def test_one_bit_anywhere_is_found(name: str, at: float, released: Path, out: Path) -> None:
    if (out / name).stat().st_size:
        flip(out / name, at)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.named) == (4, {name})


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\0")


def huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(3 * 2**30)
    os.truncate(path, 64 * 2**20)


def deep(out: Path) -> None:
    path = out.joinpath(*["d"] * 70)
    path.mkdir(parents=True)
    (path / "x.py").write_text("x")


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def replace_folder(out: Path) -> None:
    shutil.move(out / "release", out.parent / "kept")
    (out / "release").symlink_to(out.parent / "kept")


W = "adapter_model.safetensors"
CASES: list[Any] = [
    pytest.param(lambda o: grow(o / W), {W}, id="a byte appended"),
    pytest.param(lambda o: os.truncate(o / W, 10), {W}, id="cut short"),
    pytest.param(lambda o: os.truncate(o / W, 0), {W}, id="emptied"),
    pytest.param(lambda o: (o / "empty.bin").unlink(), {"empty.bin"}, id="an empty file removed"),
    pytest.param(lambda o: (o / "empty.bin").write_text("x"), {"empty.bin"}, id="an empty file filled"),
    pytest.param(lambda o: (o / "empty2.bin").touch(), {"empty2.bin"}, id="an empty file added"),
    pytest.param(lambda o: (o / "__init__.py").touch(), {"__init__.py"}, id="an empty module added"),
    pytest.param(lambda o: (o / W).unlink(), {W}, id="weights removed"),
    pytest.param(lambda o: (o / W).rename(o / "pytorch_model.bin"), {"pytorch_model.bin"}, id="renamed"),
    pytest.param(lambda o: (o / W).rename(o / W.upper()), {W.upper()}, id="case changed"),
    pytest.param(
        lambda o: (o / COMPOSED).rename(o / unicodedata.normalize("NFD", COMPOSED)),
        {unicodedata.normalize("NFD", COMPOSED)},
        id="decomposed",
    ),
    pytest.param(lambda o: shutil.copy(o / W, o / "copy.bin"), {"copy.bin"}, id="copied"),
    pytest.param(lambda o: (o / "release/extra.json").write_text("{}"), {"release/extra.json"}, id="among documents"),
    pytest.param(
        lambda o: (o / "release/evidence/scan-000000.json").write_text("{}"),
        {"release/evidence/scan-000000.json"},
        id="a record added",
    ),
    pytest.param(lambda o: (o / "model.sig.bak").write_text("x"), {"model.sig.bak"}, id="beside the signature"),
    pytest.param(lambda o: (o / "sub/claims.jsonl").write_text("x"), {"sub/claims.jsonl"}, id="claims elsewhere"),
    pytest.param(lambda o: (o / "sub/.git").write_text("x"), {"sub/.git"}, id="git path further down"),
    pytest.param(lambda o: (o / ".gitmodules").write_text("x"), {".gitmodules"}, id="a git path that is not left out"),
    pytest.param(lambda o: (o / ".Gitignore").write_text("x"), {".Gitignore"}, id="git path in another case"),
    pytest.param(lambda o: (o / ".gitattributes2").write_text("x"), {".gitattributes2"}, id="longer than a git path"),
    pytest.param(lambda o: swap_for_link(o / W), {W, "elsewhere"}, id="replaced by a link"),
    pytest.param(lambda o: (o / "link").symlink_to(W), {"link"}, id="a link added"),
    pytest.param(lambda o: (o / "loop").symlink_to("."), {"loop"}, id="a link to itself"),
    pytest.param(lambda o: (o / "gone").symlink_to("nowhere"), {"gone"}, id="a broken link"),
    pytest.param(replace_folder, {"release"}, id="a folder replaced by a link"),
    pytest.param(lambda o: os.mkfifo(o / "pipe"), {"pipe"}, id="a pipe"),
    pytest.param(lambda o: listening(o / "s"), {"s"}, id="a socket"),
    pytest.param(lambda o: huge(o / "big.bin"), {"big.bin"}, id="a huge sparse file"),
    pytest.param(deep, {"/".join(["d"] * 64)}, id="nested without end"),
    pytest.param(
        lambda o: (o / os.fsdecode(b"\xff\xfe.bin")).write_text("x"), {os.fsdecode(b"\xff\xfe.bin")}, id="not UTF-8"
    ),
    pytest.param(lambda o: (o / "new\nfile-changed").write_text("x"), {"new\nfile-changed"}, id="a name of two lines"),
    pytest.param(
        lambda o: ((o / W).unlink(), (o / W).mkdir(), (o / W / "x").touch()), {W, f"{W}/x"}, id="file made a folder"
    ),
]


@pytest.mark.parametrize(("change", "named"), CASES)
def test_a_changed_folder_is_tampered(change: Change, named: set[str], released: Path, out: Path) -> None:
    change(out)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word) == (4, "tampered")
    assert named <= found.named
    assert found.report is not None
    for kind in Format:
        render(found.report, kind).encode("utf-8", "surrogateescape")


def hard_link(out: Path) -> None:
    twin = out.parent / "twin"
    shutil.copy(out / W, twin)
    (out / W).unlink()
    os.link(twin, out / W)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda o: (o / "void" / "deep").mkdir(parents=True), "void/deep (an empty folder)", id="empty"),
        pytest.param(lambda o: (o / "model.sig.d").mkdir(), "model.sig.d (an empty folder)", id="empty, named alike"),
        pytest.param(lambda o: (o / ".gitignore").write_text("x"), ".gitignore", id="left out by the format"),
        pytest.param(lambda o: [(o / f"e{i}").mkdir() for i in range(30)], "and 10 more", id="many"),
        pytest.param(lambda o: (o / W).chmod(0o755), "", id="mode bits"),
        pytest.param(lambda o: os.utime(o / W, (1, 1)), "", id="times"),
        pytest.param(hard_link, "", id="a hard link to the same bytes"),
    ],
)
def test_what_the_format_does_not_cover_is_told(change: Change, told: str, released: Path, out: Path) -> None:
    change(out)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word) == (0, "verified")
    assert told.replace(" (", "/ (") in found.text if "(" in told else told in found.text
