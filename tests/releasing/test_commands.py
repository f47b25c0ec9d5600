"""The commands from the outside: exit codes, one clear line, and what JSON holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ossmodelkit.releasing import keys
from ossmodelkit.workflow.release import release
from tests.making.releases import options, project


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    assert release(options(folder), desk=project(folder)).verdict == "released"
    shutil.copytree(folder / "out", folder / "tampered")
    (folder / "tampered" / "NOTICE").write_text("mine now")
    return folder


def kit(cwd: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "ossmodelkit", *words]
    return subprocess.run(run, cwd=cwd, capture_output=True, text=True, env=os.environ | environment, check=False)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param(("verify", "out", "--key", "key.pub"), 0, "verified", id="verified"),
        pytest.param(("verify", "tampered", "--key", "key.pub"), 4, "NOTICE", id="tampered"),
        pytest.param(("verify", "tampered", "--key", "key.pub", "-f", "sarif"), 4, "NOTICE", id="tampered, as SARIF"),
        pytest.param(("verify", "base", "--key", "key.pub"), 4, "no model.sig", id="never signed"),
        pytest.param(("verify", "nowhere", "--key", "key.pub"), 2, "no release at", id="no folder"),
        pytest.param(("verify", "out", "--key", "none.pub"), 2, "cannot read the key", id="no key"),
        pytest.param(("verify", "out"), 2, "whose signature", id="nobody named"),
        pytest.param(
            ("verify", "out", "--key", "key.pub", "--policy", "none"), 2, "cannot read the policy", id="no policy"
        ),
        pytest.param(("verify", "out", "--key", "key.pub", "--policy", "publish"), 1, "EVL-002", id="demands not met"),
        pytest.param(("release", "check", "tuned", "--key", "key"), 0, "ready", id="check"),
        pytest.param(("release", "base", "--out", "new"), 1, "PRV-002", id="without a key"),
        pytest.param(("release", "nowhere", "--out", "new"), 2, "no model folder", id="no model"),
        pytest.param(("release", "resume", "new"), 2, "no interrupted release", id="nothing to resume"),
        pytest.param(("key", "gen", "--out", "key"), 2, "exists already", id="never overwritten"),
        pytest.param(("key", "gen", "--out", "fresh"), 2, "nobody can be asked", id="no passphrase"),
        pytest.param(("key", "gen", "--curve", "p999", "--no-passphrase", "--out", "x"), 2, "no curve", id="no curve"),
        pytest.param(("key", "show", "kit.toml"), 2, "not a public key", id="no key to show"),
        pytest.param(("explain", "SEC-001"), 0, "approved", id="every item has a page"),
    ],
)
def test_exit_codes_and_words(words: tuple[str, ...], code: int, says: str, root: Path) -> None:
    done = kit(root, *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if code == 2:
        assert len(done.stderr.strip().splitlines()) == 2, "what happened, then what to do"


def test_json_holds_what_a_machine_needs(root: Path) -> None:
    found = json.loads(kit(root, "verify", "tampered", "--key", "key.pub", "--format", "json").stdout)
    assert (found["verdict"], found["changed"]) == ("tampered", ["NOTICE"])
    found = json.loads(kit(root, "verify", "out", "--key", "key.pub", "--format", "json").stdout)
    assert sum(found["totals"].values()) == len(found["items"]) == 79
    assert found["fingerprint"] == keys.fingerprint(keys.load_public(root / "key.pub"))


def test_a_protected_key_signs_with_its_passphrase(root: Path) -> None:
    (root / "secret").write_text("correct horse\n")
    assert kit(root, "key", "gen", "--out", "safe", "--curve", "p384", "--passphrase-file", "secret").returncode == 0
    assert b"ENCRYPTED" in (root / "safe").read_bytes()
    assert (root / "safe").stat().st_mode & 0o777 == 0o600
    words = ("release", "tuned", "--out", "protected", "--key", "safe")
    assert kit(root, *words, KIT_PASSPHRASE="wrong").returncode == 2
    assert kit(root, *words, KIT_PASSPHRASE="correct horse").returncode == 0
    assert kit(root, "verify", "protected", "--key", "safe.pub").returncode == 0


def test_without_a_project_nothing_is_known_and_nothing_is_released(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "tuned", tmp_path / "tuned")
    done = kit(tmp_path, "release", "tuned", "--out", "out", "--key", str(root / "key"))
    assert done.returncode == 1
    assert "SEC-001" in done.stdout
    assert not (tmp_path / "out").exists()


def test_verifying_imports_nothing_heavy(root: Path) -> None:
    script = (
        "import sys; sys.argv = ['kit', 'verify', 'out', '--key', 'key.pub']\n"
        "from ossmodelkit.cli.app import main\n"
        "try: main()\nexcept SystemExit as done: assert not done.code\n"
        "heavy = {'yaml', 'jinja2', 'numpy', 'torch', 'sigstore', 'markdown_it', 'spdx_tools', 'cryptography.x509'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
