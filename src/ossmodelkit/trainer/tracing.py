"""`python -m ossmodelkit.trainer.tracing request.json`: follow the memory of a real model's step, without a card.

The request holds `config` (of config.json), `options` and `task`; the answer goes to standard output as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from ossmodelkit.estimating.options import Method, StepOptions
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.trainer import tracing_model as models
from ossmodelkit.trainer import tracing_optimizer as optimizers
from ossmodelkit.trainer import tracing_reserve
from ossmodelkit.trainer import tracing_sharding as sharding
from ossmodelkit.trainer import tracing_step as steps
from ossmodelkit.trainer.tracing_storage import StorageTape
from ossmodelkit.trainer.tracing_tapes import Recorder
from ossmodelkit.trainer.troubles import Trouble

DEPTHS = ("num_hidden_layers", "n_layer", "num_layers", "num_decoder_layers")


def trace(config: Mapping[str, Any], options: StepOptions, task: str, *, reserved: str = "") -> dict[str, Any]:
    """Peak bytes of one step in steady state, by category and phase.

    With `reserved` (`segments` or `expandable`) also what the caching allocator holds after some steps.
    """
    model = models.build(config, options, task)
    mesh = sharding.make_mesh(options.fsdp) if options.fsdp > 1 else None
    with FakeTensorMode(allow_non_fake_inputs=True):
        models.materialize(model)
        if mesh is not None:
            sharding.shard(model, mesh)
        inputs = steps.make_inputs(model, options, task)
        tape = StorageTape(keep=bool(reserved))
        whole = tuple(models.static_tensors(model))
        given = [item for item in inputs.given.values() if isinstance(item, Tensor)]
        for tensor in (*whole, *given):
            tape.leave_out(sharding.local(tensor))
        optimizer = optimizers.make(model, options)
        states = optimizers.make_states(optimizer, options.optimizer, tape)
        _follow_phases(model, tape)
        learner = steps.TextbookLearner(model, options, task)
        learner.after_forward = Recorder(model, tape).turn
        with sharding.resized_storages(tape):
            steps.run_step(learner, inputs, optimizer, tape)
    static = [(tensor, sharding.local(tensor).untyped_storage().nbytes()) for tensor in whole]
    trainable = sum(size for tensor, size in static if tensor.requires_grad)
    frozen = sum(size for tensor, size in static if not tensor.requires_grad)
    fed = sum(item.untyped_storage().nbytes() for item in given)
    before = frozen + trainable + states + fed
    saved = min(tape.saved_bytes, tape.peak_bytes - tape.gradients_at_peak)
    if tape.gradients_at_peak:
        saved = 0  # some of it is gone by then: it counts as temporary
    held = tracing_reserve.replayed(tape, static, given, optimizer, reserved) if reserved else None
    return {
        "reserved_peak_bytes": held,
        "allocated_peak_bytes": before + tape.peak_bytes,
        "peak_phase": tape.peak_phase,
        "phases": {name: before + size for name, size in tape.phase_peaks.items()},
        "categories": {
            "frozen": frozen,
            "trainable": trainable,
            "gradients": tape.gradients_at_peak,
            "optimizer": states,
            "saved_activations": saved,
            "transient": tape.peak_bytes - tape.gradients_at_peak - saved,
            "inputs": fed,
        },
        "parameters": sum(t.numel() for t, _ in static if options.method is Method.FULL or not t.requires_grad),
        "trainable_parameters": sum(tensor.numel() for tensor, _ in static if tensor.requires_grad),
    }


def _follow_phases(model: Any, tape: StorageTape) -> None:
    stacks = [len(blocks) for blocks in models.block_lists(model)]

    def turn(segment: str) -> None:
        if segment == "loss.back":
            tape.saved_bytes = tape.live_bytes
        tape.enter_phase(phase_of(segment, stacks))

    tape.on_segment = turn
    for parameter in model.parameters():
        if parameter.requires_grad:
            size = sharding.local(parameter).untyped_storage().nbytes()
            parameter.register_post_accumulate_grad_hook(partial(_count, tape, size))


def _count(tape: StorageTape, size: int, parameter: Tensor) -> None:
    tape.gradient_bytes += size


def phase_of(segment: str, stacks: list[int]) -> str:
    """The phase that a segment belongs to; first and last blocks apart, because peaks stand there."""
    stack, _, rest = segment.partition(".")
    if segment == "loss.back":
        return "backward of head and loss"
    if rest == "before.back":
        return "backward of the embedding"
    if rest == "after":
        return "head and loss" if int(stack) == len(stacks) - 1 else "forward"
    if not rest.endswith("back"):
        return "forward"
    number = int(rest.partition(".")[0])
    return "backward of the first block" if number == 0 else "backward"


def quick(config: Mapping[str, Any], options: StepOptions, task: str) -> dict[str, Any]:
    """Two shallow traces, drawn out to the model's depth: every phase grows by the same bytes with each block."""
    names = [name for name in DEPTHS if isinstance(config.get(name), int)]
    deep = config[names[0]] if names else 0
    if deep <= 4:
        return trace(config, options, task)
    low, high = (trace(_shallow(config, names, depth), options, task) for depth in (2, 4))
    reach = (deep - 2) / 2
    phases = {name: round(size + (high["phases"][name] - size) * reach) for name, size in low["phases"].items()}
    drawn = {name: round(size + (high["categories"][name] - size) * reach) for name, size in low["categories"].items()}
    phase = max(phases, key=lambda name: phases[name])
    drawn["transient"] += phases[phase] - sum(drawn.values())
    counts = {
        name: round(low[name] + (high[name] - low[name]) * reach) for name in ("parameters", "trainable_parameters")
    }
    return {"allocated_peak_bytes": phases[phase], "peak_phase": phase, "phases": phases, "categories": drawn, **counts}


def _shallow(config: Mapping[str, Any], names: list[str], depth: int) -> dict[str, Any]:
    laid = dict(config)
    for name in names:
        laid[name] = depth
    if isinstance(laid.get("layer_types"), list):
        laid["layer_types"] = laid["layer_types"][:depth]
    return laid


def main(words: list[str]) -> int:
    """Answer one request; a trouble is answered too, as `{"error", "hint"}`."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    request = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    options = from_wire(StepOptions, request["options"], where="options")
    try:
        if request.get("quick"):
            answer = quick(request["config"], options, request["task"])
        else:
            answer = trace(request["config"], options, request["task"], reserved=request.get("reserved", ""))
    except Trouble as trouble:
        answer = {"error": trouble.message, "hint": trouble.hint}
    print(json.dumps(answer))  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

__all__ = ["main", "phase_of", "quick", "trace"]
