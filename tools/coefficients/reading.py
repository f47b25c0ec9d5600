"""From a tape and a model to products of letters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


class Table:
    """Things by number, each kept once."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.items: list[Any] = []
        self._at: dict[str, int] = {}
        for item in items:
            self.number(item)

    def number(self, item: Any) -> int:
        """The number of `item`."""
        key = json.dumps(item)
        if key not in self._at:
            self._at[key] = len(self.items)
            self.items.append(item)
        return self._at[key]


def segments(tape: Any, reader: Any, sizes: Table) -> list[tuple[str, list[Any]]]:
    """The tape cut at its marks; allocations as numbers of sizes, linear layers as lists."""
    out: list[tuple[str, list[Any]]] = []
    entry = {number: sizes.number(list(reader.read(*size))) + 1 for number, size in tape.sizes.items()}
    freed: dict[int, tuple[int, int]] = {}
    waiting: list[tuple[list[Any], int, int]] = []
    for event in tape.events:
        if event[0] == "segment":
            out.append((event[1], []))
        elif event[0] == "+":
            out[-1][1].append(entry[event[1]])
        elif event[0] == "-":
            freed[event[1]] = (len(out), len(out[-1][1]))
            out[-1][1].append(-entry[event[1]])
        elif event[0] == "F":
            mark = ["F", event[1], entry.get(event[2], 0), entry.get(event[3], 0), -1]
            waiting.append((mark, event[2], len(out)))
            out[-1][1].append(mark)
        elif event[0] == "stop":
            out[-1][1].append(["S"])
        elif event[0] == "G":
            out[-1][1].append(["G", event[1], entry.get(event[3], 0)])
    for mark, number, segment in waiting:
        place = freed.get(number)
        if place and place[0] == segment:
            mark[4] = place[1]
    return out


def is_block(name: str) -> bool:
    """Whether a segment belongs to a block (either direction)."""
    return name.split(".")[1:2] != ["after"] and name.split(".")[1:2] != ["before"] and name[0].isdigit()


def parameters(model: Any, reader: Any, *, learning: bool = False) -> list[Any]:
    """Names and shapes in letters; `{}` stands for the number of the block, the middle block speaks for all."""
    from ossmodelkit.trainer import tracing_model as models

    stacks = [name for name, module in model.named_modules() if module in models.block_lists(model)]
    out = []
    for name, parameter in model.named_parameters():
        if learning and not parameter.requires_grad:
            continue
        stack = next((at for at, prefix in enumerate(stacks) if name.startswith(f"{prefix}.")), None)
        shown, inner = name, None
        if stack is not None:
            number, _, rest = name.removeprefix(f"{stacks[stack]}.").partition(".")
            number = _of_three(number, models.block_lists(model)[stack])
            if not number:
                continue
            inner = f"{stack}.{number}"
            shown = f"{stacks[stack]}.{{}}.{rest}"
        shape = [list(reader.read((side,), 1, side)) for side in parameter.shape]
        out.append([shown, inner, shape])
    return out


def linears(model: Any) -> dict[str, list[Any]]:
    """Linear layers inside blocks: `stack.name` to [kind, inputs, outputs] as plain numbers."""
    from transformers.pytorch_utils import Conv1D

    from ossmodelkit.trainer import tracing_model as models
    from ossmodelkit.trainer.tracing_tapes import LINEAR

    out: dict[str, list[Any]] = {}

    def note(key: str, module: Any) -> None:
        conv = isinstance(module, Conv1D)
        inside, outside = tuple(module.weight.shape) if conv else tuple(module.weight.shape)[::-1]
        out[key] = ["conv1d" if conv else "linear", inside, outside]

    for stack, blocks in enumerate(models.block_lists(model)):
        for at, block in enumerate(blocks):
            number = _of_three(str(at), blocks)
            for name, module in block.named_modules() if number else ():
                if isinstance(module, LINEAR):
                    note(f"{stack}.{number}:{name}", module)
    for name, module in models.outer_linears(model):
        note(f"outer:{name}", module)
    return out


def _of_three(number: str, blocks: Any) -> str:
    """The number of a block among three, where four were recorded; nothing for the one that is left out."""
    return {"2": "", "3": "2"}.get(number, number) if len(blocks) == 4 else number
