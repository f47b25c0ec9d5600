"""Folders signed by the reference signer, with every option it has and by every version, verify with ours; and back.

Reference tools on other Pythons: `KIT_REFERENCE_PYTHONS` names their interpreters, separated by colons, each with
`model-signing==1.1.1` and `pyopenssl` installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.releasing import manifest
from ossmodelkit.workflow.release import release
from tests.making.authorities import MAIL, Authority, pem
from tests.making.forged import Answer, answer, flip, private, statement_of
from tests.making.releases import options, project, write_key

OTHERS = Path(__file__).resolve().parent.parent / "bundles_of_others"
PYTHONS = [name for name in os.environ.get("KIT_REFERENCE_PYTHONS", "").split(os.pathsep) if name]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    files = {"config.json": "{}", "weights.bin": "w" * 2500, "sub/a.txt": "a", "sub-b": "b", "left/out.txt": "o"}
    for name, text in {**files, "empty.txt": "", ".gitattributes": "x"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    write_key(tmp_path / "key")
    return folder


def by_reference(model: Path, method: str, algorithm: str, *ignored: str) -> Answer:
    """Sign through the reference's API, then verify with ours."""
    from model_signing import hashing, signing  # a second to import, which collecting the tests need not pay

    how = hashing.Config()
    if method == "shards":
        how.use_shard_serialization(hashing_algorithm=algorithm, shard_size=1000)
    else:
        how.use_file_serialization(hashing_algorithm=algorithm)
    paths = [model.parent / path for path in ignored]
    how.set_ignored_paths(paths=paths, ignore_git_paths="git" not in method)
    how.set_allow_symlinks("links" in method)
    key = model.parent / "key"
    signer = signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(how)
    signer.sign(model, model / "model.sig")
    return answer(model, key=f"{key}.pub")


@pytest.mark.parametrize(
    ("method", "algorithm", "covered"),
    [
        pytest.param("files", "blake3", 6, id="BLAKE3"),
        pytest.param("shards", "blake2", 5, id="shards with BLAKE2"),
        pytest.param("files git", "sha256", 7, id="git paths covered"),
    ],
)
def test_every_way_of_hashing_verifies(method: str, algorithm: str, covered: int, model: Path) -> None:
    found = by_reference(model, method, algorithm, "model/model.sig")
    assert (found.code, found.word) == (0, "verified"), found.text
    assert f"{covered} files as signed" in found.text or "shards" in method
    assert ("empty.txt" in found.text) is ("shards" in method), "an empty file has no shard"
    flip(model / "weights.bin", 0.9)
    (model / "added.py").touch()
    changed = answer(model, key=f"{model.parent / 'key'}.pub")
    assert (changed.code, "weights.bin" in changed.named) == (4, True)


def test_git_paths_count_where_the_signer_covers_them(model: Path) -> None:
    assert by_reference(model, "files git", "sha256").code == 0
    (model / ".gitattributes").write_text("*.bin filter=evil")
    assert answer(model, key=f"{model.parent / 'key'}.pub").named == {".gitattributes"}


def test_ignored_paths_are_told(model: Path) -> None:
    found = by_reference(model, "files", "sha256", str(model / "left"))
    (model / "left" / "evil.py").write_text("x")
    found = answer(model, key=f"{model.parent / 'key'}.pub")
    assert (found.code, "left" in found.text) == (0, True), "its own verifier does not see it either"


def test_links_are_refused_even_where_the_signer_allows_them(model: Path) -> None:
    (model / "link.json").symlink_to("config.json")
    found = by_reference(model, "files links", "sha256", "model/model.sig")
    assert (found.code, found.named) == (4, {"link.json"})


def test_a_chain_signed_by_the_reference_verifies(model: Path) -> None:
    root, folder = Authority(), model.parent
    middle = Authority("Middle", above=root)
    (folder / "leaf.pem").write_bytes(pem(middle.issue(private(folder / "key").public_key())))
    (folder / "chain.pem").write_bytes(middle.pem)
    (folder / "root.pem").write_bytes(root.pem)
    words = ["sign", "certificate", str(model), "--signature", str(model / "model.sig")]
    words += ["--private_key", str(folder / "key"), "--signing_certificate", str(folder / "leaf.pem")]
    words += ["--certificate_chain", str(folder / "chain.pem")]
    done = subprocess.run([sys.executable, "-m", "model_signing", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = answer(model, certificate=str(folder / "root.pem"), identity=MAIL)
    assert (found.code, found.word) == (0, "verified"), found.text
    assert answer(model, certificate=str(folder / "root.pem"), identity="eve@example.org").code == 4


@pytest.mark.parametrize("version", sorted(path.name for path in OTHERS.iterdir() if path.is_dir()))
def test_what_an_earlier_reference_signer_made_verifies(version: str, tmp_path: Path) -> None:
    key = str(OTHERS / version / "key.pub")
    found = answer(OTHERS / version / "model", key=key)
    assert (found.code, found.word) == (0, "verified"), found.text
    copy = shutil.copytree(OTHERS / version / "model", tmp_path / "model")
    (copy / "sub" / "a.txt").write_text("y")
    assert answer(copy, key=key).named == {"sub/a.txt"}


@pytest.mark.parametrize("python", PYTHONS or [pytest.param("", marks=pytest.mark.skip("KIT_REFERENCE_PYTHONS"))])
def test_the_reference_tool_on_other_pythons_verifies_ours(python: str, tmp_path: Path) -> None:
    project_desk = project(tmp_path, more={"模型.bin": b"x", "a-b/c": b"1", "a/b": b"2", "a.b": b"3"})
    assert release(options(tmp_path), desk=project_desk).verdict == "released"
    out = tmp_path / "out"
    words = [
        "verify",
        "key",
        str(out),
        "--signature",
        str(out / "model.sig"),
        "--public_key",
        str(tmp_path / "key.pub"),
    ]
    environment: dict[str, Any] = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = [python, "-m", "model_signing", *words, "--ignore-paths", str(out / "claims.jsonl")]
    done = subprocess.run(run, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(statement_of(out)["predicate"]["serialization"]["ignore_paths"]) == set(manifest.IGNORED)
