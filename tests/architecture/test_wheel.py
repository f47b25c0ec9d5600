"""A built wheel works from any folder, with its data inside and without torch."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, in a folder that goes first on the path."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def kit(unpacked: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program from the wheel."""
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    run = [sys.executable, "-m", "ossmodelkit", *words]
    return subprocess.run(run, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_carries_its_data(unpacked: Path) -> None:
    for name in ("configs/licenses", "configs/globals", "configs/hardware", "templates/kit.toml", "checks", "py.typed"):
        assert (unpacked / "ossmodelkit" / name).exists(), name


def test_the_wheel_carries_no_tests_and_no_model(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")} == {"ossmodelkit"}
    large = [path for path in unpacked.rglob("*") if path.is_file() and path.stat().st_size > 5_000_000]
    assert not [*unpacked.rglob("*.safetensors"), *unpacked.rglob("*model*.bin"), *large]


@pytest.mark.parametrize("words", [("init",), ("explain", "--list"), ("audit", "model"), ("license", "explain", "mit")])
def test_commands_work_from_any_folder(words: tuple[str, ...], unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "model" / "README.md").write_text("---\nlicense: mit\n---\n")
    done = kit(unpacked, tmp_path, *words)
    assert done.returncode in (0, 1), done.stderr


def test_the_wheel_is_the_one_that_runs(unpacked: Path, tmp_path: Path) -> None:
    script = "import ossmodelkit, sys; sys.exit(0 if sys.argv[1] in ossmodelkit.__file__ else 1)"
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    assert subprocess.run([sys.executable, "-c", script, str(unpacked)], cwd=tmp_path, env=environment).returncode == 0
