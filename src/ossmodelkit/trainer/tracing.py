"""`python -m ossmodelkit.trainer.tracing request.json`: follow the memory of a real model's step, without a card.

The request holds `config` (of config.json), `options` and `task`; the answer goes to standard output as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from ossmodelkit.estimating.options import Method, StepOptions
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.trainer import tracing_model as models
from ossmodelkit.trainer import tracing_optimizer as optimizers
from ossmodelkit.trainer import tracing_step as steps
from ossmodelkit.trainer.tracing_storage import StorageTape
from ossmodelkit.trainer.troubles import Trouble


def trace(config: Mapping[str, Any], options: StepOptions, task: str) -> dict[str, Any]:
    """Peak bytes of one step in steady state, by category and phase."""
    model = models.build(config, options, task)
    with FakeTensorMode(allow_non_fake_inputs=True):
        models.materialize(model)
        inputs = steps.make_inputs(model, options, task)
        tape = StorageTape(keep=False)
        for tensor in (*models.static_tensors(model), *inputs.values()):
            if isinstance(tensor, Tensor):
                tape.leave_out(tensor)
        optimizer = optimizers.make(model, options)
        states = optimizer.make_states(tape)
        steps.run_step(model, inputs, options, tape, optimizer)
    static = [(tensor, tensor.untyped_storage().nbytes()) for tensor in models.static_tensors(model)]
    trainable = sum(size for tensor, size in static if tensor.requires_grad)
    frozen = sum(size for tensor, size in static if not tensor.requires_grad)
    return {
        "allocated_peak_bytes": frozen + trainable + states + tape.peak_bytes,
        "peak_phase": tape.peak_phase,
        "phases": {name: frozen + trainable + states + size for name, size in tape.phase_peaks.items()},
        "categories": {
            "frozen": frozen,
            "trainable": trainable,
            "gradients": tape.gradients_at_peak,
            "optimizer": states,
            "saved_activations": tape.saved_bytes,
            "transient": tape.peak_bytes - tape.gradients_at_peak - tape.saved_bytes,
        },
        "parameters": sum(tensor.numel() for tensor, _ in static),
        "trainable_parameters": sum(tensor.numel() for tensor, _ in static if tensor.requires_grad),
    }


def main(words: list[str]) -> int:
    """Answer one request; a trouble is answered too, as `{"error", "hint"}`."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    request = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    options = from_wire(StepOptions, request["options"], where="options")
    try:
        answer = trace(request["config"], options, request["task"])
    except Trouble as trouble:
        answer = {"error": trouble.message, "hint": trouble.hint}
    print(json.dumps(answer))  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

__all__ = ["Method", "main", "trace"]
