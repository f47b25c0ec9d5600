"""What torch and the training libraries write is clean."""

from __future__ import annotations

import io
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.scanning.verdict import Word
from tests.making.blobs import scan
from tests.making.memory import said, scan_bytes

pytestmark = pytest.mark.train


def _saved(value: Any, *, zipped: bool = True) -> bytes:
    import torch

    target = io.BytesIO()
    torch.save(value, target, _use_new_zipfile_serialization=zipped)
    return target.getvalue()


def _layers() -> Any:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.LSTM(2, 3),
        nn.MultiheadAttention(4, 2),
        nn.Embedding(3, 2),
        nn.GELU(),
        nn.TransformerEncoderLayer(4, 2, 8),
        nn.Dropout(),
        nn.LayerNorm(2),
        nn.ModuleList([nn.Linear(1, 1)]),
        nn.CrossEntropyLoss(),
    )


def _values() -> dict[str, Callable[[], Any]]:
    import numpy as np
    import torch

    layers = _layers()
    adam = torch.optim.AdamW(layers.parameters())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 10)
    return {
        "generator": lambda: torch.Generator().manual_seed(7),
        "tensors": lambda: {
            "a": torch.zeros(3),
            "b": torch.ones(2, dtype=torch.bfloat16),
            "s": torch.eye(3).to_sparse(),
            "d": torch.float16,
            "device": torch.device("cpu"),
        },
        "state dict": layers.state_dict,
        "whole module": lambda: layers,
        "optimizer state": adam.state_dict,
        "optimizer": lambda: adam,
        "scheduler": lambda: schedule,
        "scheduler state": schedule.state_dict,
        "random state": lambda: {
            "python": random.getstate(),
            "numpy": np.random.get_state(),
            "cpu": torch.random.get_rng_state(),
        },
        "distribution": lambda: torch.distributions.Normal(0.0, 1.0),
        "data loader": lambda: torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.zeros(3))),
        "empty": dict,
    }


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_what_torch_saves_is_clean(zipped: bool) -> None:
    for name, make in _values().items():
        found = scan_bytes(_saved(make(), zipped=zipped))
        assert found.verdict is Word.CLEAN, f"{name}: {said(found)}"


def test_plain_pickles_of_tensors_are_clean() -> None:
    import torch

    for value in (torch.zeros(3), torch.nn.Linear(2, 2)):
        found = scan_bytes(pickle.dumps(value))
        assert found.verdict is Word.CLEAN, said(found)


def test_torchscript_export_and_checkpoint_folders_are_clean(tmp_path: Path) -> None:
    import torch
    import torch.distributed.checkpoint as checkpoints

    torch.jit.save(
        torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())), tmp_path / "script.pt"
    )
    torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),)), tmp_path / "model.pt2")
    checkpoints.save({"m": _layers().state_dict(), "x": 3}, checkpoint_id=tmp_path / "dcp")
    found = scan(tmp_path)
    assert found.verdict is Word.CLEAN, said(found)


def test_training_arguments_and_whole_models_are_clean(tmp_path: Path) -> None:
    import transformers
    from peft import LoraConfig

    arguments = transformers.TrainingArguments(output_dir=str(tmp_path), use_cpu=True, lr_scheduler_type="cosine")
    config = transformers.LlamaConfig(
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        vocab_size=10,
        num_key_value_heads=2,
    )
    model = transformers.LlamaForCausalLM(config)
    values = (
        arguments,
        model,
        model.state_dict(),
        LoraConfig(target_modules=["q_proj"]),
        transformers.TrainerState(),
        transformers.BatchEncoding({"a": 1}),
        config,
    )
    for value in values:
        for zipped in (True, False):
            found = scan_bytes(_saved(value, zipped=zipped))
            assert found.verdict is Word.CLEAN, f"{type(value).__name__}: {said(found)}"
