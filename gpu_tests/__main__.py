"""`python -m gpu_tests`: equality first, then speed; one JSON file with everything.

Needs torch, transformers and peft (bring wheels: pip install --no-index --find-links WHEELS peft accelerate); trl with
datasets, and liger-kernel, are measured where they are installed. `--rehearse` runs the same lines on a CPU.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
NEEDED = ("torch", "transformers", "peft")
NAMED = (*NEEDED, "accelerate", "trl", "liger-kernel")


def main(words: list[str]) -> int:
    """Run all; 0 when every bar is met, 1 when one is not, 3 without a card or a library."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        sys.stderr.write(f"not installed: {', '.join(absent)}; pip install --no-index --find-links WHEELS peft\n")
        return 3
    import torch

    rehearsal = "--rehearse" in words
    if not torch.cuda.is_available() and not rehearsal:
        sys.stderr.write("no CUDA card here: nothing was run; --rehearse runs the same lines on this CPU\n")
        return 3
    if rehearsal:
        torch.set_num_threads(1)  # Spinning threads make a busy machine twenty times slower.
    from gpu_tests import equality, speed

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "none: a rehearsal"
    found: dict[str, Any] = {"card": card, "python": platform.python_version(), "versions": _versions()}
    found["equality"] = equality.run()
    found["speed"] = speed.run(rehearsal=rehearsal)
    found["bars"] = bars(found["speed"])
    if not rehearsal:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0 if rehearsal or all(bar["met"] for bar in found["bars"].values()) else 1


def _versions() -> dict[str, str]:
    installed = {str(one.metadata["Name"]).lower(): one.version for one in metadata.distributions()}
    return {name: installed[name] for name in NAMED if name in installed}


def bars(speed: dict[str, Any]) -> dict[str, Any]:
    """What was promised, and what came out."""
    rate = {name: one["tokens_per_second"] for name, one in speed.items() if "tokens_per_second" in one}
    equal = max(rate[name] for name in rate if name.startswith("1B, 8 x 1024, fast")) / rate["1B, 8 x 1024, plain"]
    mixed = rate["1B, mixed, fast"]
    mfu = max(one["mfu"] for name, one in speed.items() if name.startswith("8B"))
    found = {
        "mixed lengths against plain, 1.8": _bar(mixed / rate["1B, mixed, plain"], 1.8),
        "equal lengths against plain, 1.3": _bar(equal, 1.3),
        "MFU at 8B and 4096, 0.50": _bar(mfu, 0.5),
    }
    packed = rate.get("1B, mixed, TRL packed")
    return found | ({"against TRL packed, 1.1": _bar(mixed / packed, 1.1)} if packed else {})


def _bar(found: float, least: float) -> dict[str, Any]:
    return {"found": round(found, 3), "met": found >= least}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
