"""A checkpoint is whole or it is named and skipped, whatever tore it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

FILES = ("learned.safetensors", "optimizer.safetensors", "state.json", "complete.json")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[random.Random(0).randrange(len(content))] ^= 1
    path.write_bytes(bytes(content))


def garbage(path: Path) -> None:
    path.write_bytes(b"[1]")


def as_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Checkpoints of the steps 5 and 10."""
    from ossmodelkit.trainer import checkpoint

    for step in (5, 10):
        tensors = {name: {"w": torch.full((8,), float(step))} for name in FILES[:2]}
        checkpoint.write(tmp_path / "c", step, tensors, {"step": step})
    return tmp_path / "c"


def newest(root: Path) -> tuple[Any, list[str]]:
    from ossmodelkit.trainer import checkpoint

    said: list[str] = []
    return checkpoint.newest(root, said.append), said


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("tear", [cut, empty, flip, garbage, as_a_folder, Path.unlink])
def test_a_torn_file_gives_way_to_the_checkpoint_before(name: str, tear: Callable[[Path], None], root: Path) -> None:
    tear(root / "step-00000010" / name)
    found, said = newest(root)
    assert found.step == 5 and found.state == {"step": 5}
    assert len(said) == 1 and "step-00000010 is torn" in said[0]


def test_a_whole_one_is_taken_without_a_word(root: Path) -> None:
    found, said = newest(root)
    assert (found.step, said) == (10, [])


def test_a_folder_that_was_not_yet_renamed_is_no_checkpoint(root: Path) -> None:
    (root / "step-00000010").rename(root / ".step-00000010.partial")
    found, said = newest(root)
    assert (found.step, said) == (5, [])


def test_with_every_one_torn_there_is_none_and_all_are_named(root: Path) -> None:
    for folder in root.iterdir():
        (folder / "complete.json").unlink()
    found, said = newest(root)
    assert found is None and len(said) == 2


def test_a_marker_that_names_files_elsewhere_is_not_followed(root: Path) -> None:
    (root / "secret").write_text("x")
    marker = root / "step-00000010" / "complete.json"
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"../secret": "0" * 64}))
    assert newest(root)[0].step == 5


def test_a_marker_that_leaves_a_file_out_vouches_for_nothing(root: Path) -> None:
    marker = root / "step-00000010" / "complete.json"
    digests = json.loads(marker.read_text())
    del digests["optimizer.safetensors"]
    marker.write_text(json.dumps(digests))
    found, said = newest(root)
    assert found.step == 5 and "optimizer.safetensors" in said[0]
