"""Pickled weights become safetensors without running what a pickle asks for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.making import models
from tests.trainer.runs import job_in, plan_of, run_here

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train


class Evil:
    """Would make a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def pickled(llama_folder: Path, tmp_path: Path) -> Path:
    from safetensors.torch import load_file

    models.write_rows(tmp_path / "data.jsonl", models.chats(4))
    old = tmp_path / "old"
    old.mkdir()
    for path in llama_folder.iterdir():
        if path.suffix != ".safetensors":
            (old / path.name).write_bytes(path.read_bytes())
    torch.save(load_file(llama_folder / "model.safetensors"), old / "pytorch_model.bin")
    (old / "modeling_evil.py").write_text("raise SystemExit")
    return tmp_path


def test_weights_are_kept_and_can_be_trained_on(pickled: Path, llama_folder: Path) -> None:
    from safetensors.torch import load_file

    from ossmodelkit.trainer.convert import convert

    assert convert(pickled / "old", pickled / "base") == ["model.safetensors"]
    before, after = (load_file(folder / "model.safetensors") for folder in (llama_folder, pickled / "base"))
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert not list((pickled / "base").glob("*.py")) and not list((pickled / "base").glob("*.bin"))
    assert run_here(job_in(pickled, plan_of(train={"steps": 1}))).status == "trained"


def test_more_than_weights_is_refused_and_not_run(pickled: Path) -> None:
    from ossmodelkit.trainer.convert import convert
    from ossmodelkit.trainer.troubles import Trouble

    marker = pickled / "ran"
    torch.save({"w": Evil(marker)}, pickled / "old" / "pytorch_model.bin")
    with pytest.raises(Trouble, match="holds more than weights"):
        convert(pickled / "old", pickled / "base")
    assert not marker.exists() and not (pickled / "base").exists()
    assert not (pickled / ".base.partial").exists()


def test_shards_get_an_index(pickled: Path) -> None:
    from transformers import AutoModelForCausalLM

    from ossmodelkit.trainer.convert import convert

    whole = torch.load(pickled / "old" / "pytorch_model.bin", weights_only=True)
    (pickled / "old" / "pytorch_model.bin").unlink()
    names = sorted(whole)
    for number, part in enumerate((names[:5], names[5:]), 1):
        torch.save({n: whole[n] for n in part}, pickled / "old" / f"pytorch_model-0000{number}-of-00002.bin")
    assert len(convert(pickled / "old", pickled / "base")) == 2
    assert AutoModelForCausalLM.from_pretrained(pickled / "base").num_parameters() > 0
