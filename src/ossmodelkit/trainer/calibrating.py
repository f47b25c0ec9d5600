"""`python -m ossmodelkit.trainer.calibrating request.json`: some real steps on this machine's card, measured.

The request holds `config` and `steps` (options as `kit estimate` knows them); the answer goes to standard output.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ossmodelkit.estimating.options import StepOptions
from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.trainer import tracing_model as models
from ossmodelkit.trainer import tracing_optimizer as optimizers
from ossmodelkit.trainer import tracing_step as steps
from ossmodelkit.trainer.step import train_step
from ossmodelkit.trainer.troubles import Trouble, first_line

WARM_UP, COUNTED = 3, 8
PRODUCT = 8192  # side of the square matrices whose product gives the card's rate


def measure(config: Mapping[str, Any], wanted: list[StepOptions]) -> dict[str, Any]:
    """What the card answers.

    Raises `Trouble` where there is none.
    """
    if not torch.cuda.is_available():
        raise Trouble(
            "no CUDA card is in reach here", hint="run kit calibrate on the machine with the card, while idle"
        )
    context = _context_bytes()
    workspace, rate = _products()
    runs = [run for run in (_run(config, options) for options in wanted) if run is not None]
    return {
        "driver_name": torch.cuda.get_device_properties(0).name,
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "",
        "context_bytes": context,
        "workspace_bytes": workspace,
        "rate_tflops": rate,
        "watts": max((run.pop("watts") or 0.0 for run in runs), default=0.0) or None,
        "runs": runs,
    }


def _context_bytes() -> int:
    """What the driver shows as taken when the allocator holds next to nothing; other processes count as well."""
    torch.zeros(1, device="cuda")
    torch.cuda.synchronize()
    free, total = torch.cuda.mem_get_info()
    return int(total - free - torch.cuda.memory_reserved())


def _products() -> tuple[int, float]:
    """Bytes that the matrix library keeps, and the rate of large products in TFLOP/s."""
    kind = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    one, other = (torch.randn(PRODUCT, PRODUCT, device="cuda", dtype=kind) for _ in range(2))
    before = torch.cuda.memory_allocated()
    out = one @ other
    kept = torch.cuda.memory_allocated() - before - out.untyped_storage().nbytes()
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(20):
        torch.mm(one, other, out=out)
    torch.cuda.synchronize()
    return max(0, kept), 20 * 2 * PRODUCT**3 / (time.perf_counter() - began) / 1e12


def _run(config: Mapping[str, Any], options: StepOptions) -> dict[str, Any] | None:
    """Some steps of one kind; None where the card is too small for it."""
    try:
        return _stepped(config, options)
    except torch.cuda.OutOfMemoryError:
        return None
    finally:
        torch.cuda.empty_cache()


def _stepped(config: Mapping[str, Any], options: StepOptions) -> dict[str, Any]:
    model = models.build(config, options, "causal-lm").to_empty(device="cuda")
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.02) if parameter.is_floating_point() else None
    given = {
        name: item.to("cuda") if isinstance(item, torch.Tensor) else item
        for name, item in steps.make_inputs(model, options, "causal-lm").given.items()
    }
    learner = steps.TextbookLearner(model, options, "causal-lm")
    optimizer = optimizers.make(model, options)
    inputs: Any = steps.Inputs(given=given)
    torch.cuda.empty_cache()
    watts: float | None = None
    for step in range(WARM_UP + COUNTED):
        if step == WARM_UP:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            began = time.perf_counter()
        train_step(learner, optimizer, [inputs], weight=1.0, clip=1.0)
        watts = _watts() if step == WARM_UP + COUNTED - 2 else watts
    torch.cuda.synchronize()
    return {
        "name": _named(options),
        "options": to_wire(options),
        "steps": COUNTED,
        "seconds": time.perf_counter() - began,
        "tokens": options.tokens * COUNTED,
        "allocated_bytes": torch.cuda.max_memory_allocated(),
        "reserved_bytes": torch.cuda.max_memory_reserved(),
        "watts": watts,
    }


def _named(options: StepOptions) -> str:
    words = [f"{options.method} {options.batch} x {options.seq}"]
    words += ["recomputed"] if options.checkpointing else []
    words += ["chunked loss"] if options.loss == "chunked" else []
    words += ["padded"] if options.padded else []
    return ", ".join(words)


def _watts() -> float | None:
    """Board power, where the driver's library for it is installed."""
    try:
        return torch.cuda.power_draw() / 1000
    except Exception:
        return None


def main(words: list[str]) -> int:
    """Answer one request; a trouble is answered too, as `{"error", "hint"}`."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    request = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    try:
        wanted = [from_wire(StepOptions, one, where="steps") for one in request["steps"]]
        answer = measure(request["config"], wanted)
    except Trouble as trouble:
        answer = {"error": trouble.message, "hint": trouble.hint}
    except RuntimeError as error:
        answer = {"error": f"the card failed: {first_line(error)}", "hint": "look at nvidia-smi"}
    print(json.dumps(answer))  # noqa: T201
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
