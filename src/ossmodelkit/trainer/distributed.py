"""One process or many: DDP where the model fits a card, FSDP2 where it does not.

torchrun and `accelerate launch` only set environment variables; these are read here and nowhere else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn

from ossmodelkit.core.plan import Devices, Plan, Weights
from ossmodelkit.trainer.troubles import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """This process among its fellows."""

    device: torch.device
    rank: int = 0
    processes: int = 1
    spread: str = ""

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks."""
        return self.rank == 0

    @property
    def averaging(self) -> int:
        """By how much DDP and FSDP2 divide gradients."""
        return self.processes if self.spread else 1

    def sum(self, value: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.spread:
            torch.distributed.all_reduce(value)
        return value

    def agree(self, asked: bool) -> bool:
        """Whether any process says yes; all get the same answer."""
        if not self.spread:
            return asked
        flag = torch.tensor(int(asked), device=self.device)
        torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
        return bool(flag)

    def wait(self) -> None:
        """Until all are here."""
        if self.spread:
            torch.distributed.barrier()


def enter(plan: Plan) -> World:
    """Find the device and join the others.

    Raises `Trouble` for a card that is not there.
    """
    device = _device(plan.devices)
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1:
        return World(device=device)
    spread = plan.devices.spread
    if spread == "auto":
        spread = "ddp"
    if plan.unfreeze is not None:
        raise Trouble("gradual unfreezing runs in one process", hint="set devices.processes = 1")
    if spread == "fsdp2" and plan.weights in (Weights.INT8, Weights.NF4):
        raise Trouble(f"{plan.weights} weights are not sharded", hint="set devices.spread = 'ddp', or weights = 'bf16'")
    torch.distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo", timeout=timedelta(minutes=30), device_id=_own(device)
    )
    return World(device=device, rank=torch.distributed.get_rank(), processes=processes, spread=spread)


def _own(device: torch.device) -> torch.device | None:
    return device if device.type == "cuda" else None


def _device(devices: Devices) -> torch.device:
    there = torch.cuda.is_available()
    if devices.kind == "cuda" and not there:
        raise Trouble(
            "the plan wants a CUDA card and torch sees none",
            hint="set devices.kind = 'auto', or install torch for CUDA; kit estimate says which card would do",
        )
    if devices.kind == "cpu" or not there:
        return torch.device("cpu")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if local >= torch.cuda.device_count():
        raise Trouble(
            f"process {local} has no card: this machine has {torch.cuda.device_count()}",
            hint="lower devices.processes",
        )
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


def wrap(learner: nn.Module, world: World) -> nn.Module:
    """The learner as its processes share it."""
    if world.spread == "ddp":
        from torch.nn.parallel import DistributedDataParallel

        ids = [world.device.index] if world.device.type == "cuda" else None
        return DistributedDataParallel(learner, device_ids=ids, broadcast_buffers=False, gradient_as_bucket_view=True)
    if world.spread == "fsdp2":
        from torch.distributed.fsdp import fully_shard

        for block in _blocks(learner):
            fully_shard(block)
        fully_shard(learner)
    return learner


def _blocks(learner: nn.Module) -> list[nn.Module]:
    """The repeated blocks: the longest list of modules in the model."""
    lists = [module for module in learner.modules() if isinstance(module, nn.ModuleList)]
    return list(max(lists, key=len, default=[]))


def leave(world: World) -> None:
    """Part from the others."""
    if world.spread:
        torch.distributed.destroy_process_group()


def whole_tensors(tensors: dict[str, Any]) -> dict[str, Tensor]:
    """Sharded tensors put together on every process; call it on all of them."""
    return {name: value.full_tensor() if hasattr(value, "full_tensor") else value for name, value in tensors.items()}


def gather(model: nn.Module, world: World) -> dict[str, Tensor] | None:
    """The model's whole state, where it is sharded; None where the model has it already."""
    return whole_tensors(dict(model.state_dict())) if world.spread == "fsdp2" else None
