"""A run that cannot go on ends clearly, says what to change, and leaves its record."""

from __future__ import annotations

import errno
import importlib.util
import itertools
import json
import operator
import shutil
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.training import RunRecord
from tests.making import models
from tests.trainer.runs import job_in, plan_of, run_here

pytest.importorskip("torch")
pytestmark = pytest.mark.train


def fail(folder: Path, **settings: Any) -> RunRecord:
    record = run_here(job_in(folder, plan_of(**settings)))
    assert record.status == "failed"
    assert record.reason and record.hint
    assert not (folder / "tuned").exists()
    return record


def test_a_loss_that_is_no_number_names_step_and_lines(llama: Path) -> None:
    record = fail(llama, method={"name": "full"}, train={"lr": 1e30, "warmup": 0.0})
    assert "is not a number at step" in record.reason
    assert "train.lr" in record.hint and "lines" in record.hint
    assert record.steps >= 1 and record.loss == record.loss[: record.steps]


def test_a_diverging_loss_is_ended(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ossmodelkit.trainer import loop

    real, factors = loop.train_step, itertools.accumulate(itertools.repeat(1.1), operator.mul)

    def rising(*args: Any, **kwargs: Any) -> Any:
        loss, norm = real(*args, **kwargs)
        return loss * next(factors), norm

    monkeypatch.setattr(loop, "train_step", rising)
    record = fail(llama, train={"steps": 60, "diverged_at": 2.0})
    assert "it diverges" in record.reason and "train.lr" in record.hint
    assert 5 < record.steps < 30


def test_a_full_disk_is_named_and_leaves_no_half_checkpoint(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ossmodelkit.trainer import checkpoint

    real = checkpoint.save_file

    def full(tensors: Any, path: Path, **options: Any) -> None:
        real(tensors, path, **options)
        if path.name == "optimizer.safetensors":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(checkpoint, "save_file", full)
    record = fail(llama, train={"checkpoint_every": 2})
    assert record.reason == "the disk is full"
    assert list((llama / "tuned.run" / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("room", [200_000, 20_000], ids=["for one checkpoint file", "for none"])
def test_a_file_that_may_not_grow_ends_the_run_clearly(room: int, llama: Path) -> None:
    """A limit of the operating system stands for a disk that is really full; safetensors writes past Python."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        record = run_here(job_in(llama, plan_of(method={"name": "full"}, train={"checkpoint_every": 2})))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (record.status, record.cause, record.reason, record.steps) == ("failed", "run", "the disk is full", 2)
    assert list((llama / "tuned.run" / "checkpoints").iterdir()) == []


def test_memory_that_runs_out_is_named(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ossmodelkit.trainer import loop

    def hungry(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(loop, "train_step", hungry)
    record = fail(llama)
    assert record.reason == "ran out of memory"
    assert "micro_batch" in record.hint


def test_a_base_of_pickles_is_not_opened(llama: Path) -> None:
    (llama / "base" / "model.safetensors").rename(llama / "base" / "pytorch_model.bin")
    record = fail(llama)
    assert record.cause == "input"
    assert "pytorch_model.bin" in record.reason and "not opened" in record.reason


def test_a_task_that_the_base_cannot_do_is_named(llama: Path) -> None:
    (llama / "data.jsonl").write_text('{"source": "a", "target": "b"}\n')
    record = fail(llama, task="seq2seq")
    assert record.reason == "the base is a Llama model, and none for seq2seq" and "`task`" in record.hint


def test_code_of_the_model_is_not_run(llama: Path) -> None:
    marker = llama / "ran"
    (llama / "base" / "evil.py").write_text(f"open({str(marker)!r}, 'w')")
    config = json.loads((llama / "base" / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}}
    (llama / "base" / "config.json").write_text(json.dumps(config))
    record = fail(llama)
    assert record.cause == "input" and "cannot load" in record.reason
    assert not marker.exists()


def test_weights_that_are_missing_are_not_made_up(llama: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = llama / "base" / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.1.mlp.down_proj.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    record = fail(llama)
    assert "model.layers.1.mlp.down_proj.weight" in record.reason


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_base_with_broken_numbers_is_named_before_the_first_step(number: float, llama: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = llama / "base" / "model.safetensors"
    tensors = load_file(path)
    tensors["model.layers.1.mlp.down_proj.weight"][0, 0] = number
    save_file(tensors, path, metadata={"format": "pt"})
    record = fail(llama)
    assert (record.cause, record.steps) == ("input", 0)
    assert "model.layers.1.mlp.down_proj.weight" in record.reason


def test_a_base_that_was_cut_off_is_damaged(llama: Path) -> None:
    path = llama / "base" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    record = fail(llama)
    assert record.cause == "input" and "are damaged" in record.reason


def test_a_base_without_a_tokenizer_is_named(llama: Path) -> None:
    for path in (llama / "base").glob("tokenizer*"):
        path.unlink()
    record = fail(llama)
    assert record.cause == "input" and "no usable tokenizer" in record.reason and not record.reason.endswith(":")


def test_a_card_that_is_not_there_is_named(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    record = fail(llama, devices={"kind": "cuda"})
    assert "CUDA" in record.reason and "devices.kind" in record.hint


def test_a_tokenizer_of_another_model_is_noticed(llama: Path, tmp_path: Path) -> None:
    from ossmodelkit.trainer.demo_lessons import all_text
    from ossmodelkit.trainer.demo_model import train_tokenizer

    train_tokenizer([*all_text(0), *models.TEXT], vocabulary=900).save_pretrained(llama / "base")
    models.write_rows(llama / "data.jsonl", [{"text": text} for text in all_text(0)])
    assert "does not belong to this base" in fail(llama).hint


def test_other_bytes_than_the_judged_ones_are_not_trained_on(llama: Path) -> None:
    record = run_here(job_in(llama, plan_of(), base_sha256="0" * 64))
    assert record.status == "failed"
    assert "not the one that was judged" in record.reason


def test_targets_that_name_nothing_list_what_there_is(llama: Path) -> None:
    record = fail(llama, method={"targets": ["qq_proj"]})
    assert "q_proj" in record.hint


def test_a_rank_beyond_every_matrix_is_refused(llama: Path) -> None:
    assert "no target has a rank above" in fail(llama, method={"rank": 100_000}).reason


def test_a_failed_run_leaves_an_earlier_result_alone(llama: Path) -> None:
    assert run_here(job_in(llama, plan_of())).status == "trained"
    before = sorted(path.name for path in (llama / "tuned").iterdir())
    shutil.rmtree(llama / "base")
    record = run_here(job_in(llama, plan_of()))
    assert record.status == "failed"
    assert sorted(path.name for path in (llama / "tuned").iterdir()) == before


@pytest.mark.parametrize(("track", "names"), [({"mlflow": "x"}, "mlflow"), ({"wandb": "x"}, "wandb")])
def test_a_board_that_is_not_installed_is_named(track: dict[str, Any], names: str, llama: Path) -> None:
    if importlib.util.find_spec(names):
        pytest.skip(f"{names} is installed")
    record = fail(llama, track=track)
    assert names in record.reason and "[track]" in record.hint
