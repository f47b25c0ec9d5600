"""FSDP2 over a process group that is not there: one rank of N, traced on one core without a card."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ossmodelkit.trainer.tracing_model import block_lists
from ossmodelkit.trainer.tracing_storage import StorageTape


def make_mesh(cards: int) -> Any:
    """The mesh of a fake group. Make it outside fake mode, or its own tensors become fake."""
    from torch import distributed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.testing._internal.distributed.fake_pg import FakeStore

    if not distributed.is_initialized():
        distributed.init_process_group("fake", rank=0, world_size=cards, store=FakeStore())
    return init_device_mesh("cpu", (cards,))


def shard(model: nn.Module, mesh: Any) -> None:
    """Every block a unit, the rest the root."""
    from torch.distributed.fsdp import fully_shard

    for blocks in block_lists(model):
        for block in blocks:
            fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


def local(tensor: Tensor) -> Tensor:
    """What this rank holds of a tensor."""
    own = getattr(tensor, "to_local", None)
    mine: Tensor = tensor if own is None else own()
    return mine


@contextmanager
def resized_storages(tape: StorageTape) -> Iterator[None]:
    """FSDP2 frees whole weights by `resize_`; without following it, peaks come out up to four times too high."""
    before = torch.UntypedStorage.resize_

    def resize(storage: Any, size: int) -> Any:
        had = storage.nbytes()
        out = before(storage, size)
        tape.resized(storage, size - had)
        return out

    torch.UntypedStorage.resize_ = resize
    try:
        yield
    finally:
        torch.UntypedStorage.resize_ = before
