"""`python -m gpu_tests`: equality first, then speed; one JSON file with everything."""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    """Run all; 0 when every bar is met, 1 when one is not, 3 without a card."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
    import torch

    if not torch.cuda.is_available():
        sys.stderr.write("no CUDA card here: nothing was run\n")
        return 3
    from gpu_tests import equality, speed

    found: dict[str, Any] = {"card": torch.cuda.get_device_name(), "python": platform.python_version()}
    found["versions"] = {name: metadata.version(name) for name in ("torch", "transformers", "peft")}
    found["equality"] = equality.run()
    found["speed"] = speed.run()
    found["bars"] = bars(found["speed"])
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0 if all(bar["met"] for bar in found["bars"].values()) else 1


def bars(speed: dict[str, Any]) -> dict[str, Any]:
    """What was promised, and what came out."""
    rate = {name: one["tokens_per_second"] for name, one in speed.items()}
    mixed = rate["1B, mixed, fast"] / rate["1B, mixed, plain"]
    equal = rate["1B, 8 x 1024, fast"] / rate["1B, 8 x 1024, plain"]
    mfu = max(one["mfu"] for name, one in speed.items() if name.startswith("8B"))
    return {
        "mixed lengths against plain, 1.8": {"found": round(mixed, 2), "met": mixed >= 1.8},
        "equal lengths against plain, 1.3": {"found": round(equal, 2), "met": equal >= 1.3},
        "MFU at 8B and 4096, 0.50": {"found": mfu, "met": mfu >= 0.5},
    }


if __name__ == "__main__":
    sys.exit(main())
