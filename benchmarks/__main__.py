"""`python -m benchmarks [NAME…]`: run all measurements, or those named."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
NOT_MEASUREMENTS = {"__init__", "__main__", "timing", "estimate_cases", "estimate_truth", "scan_layouts"}

wanted = sys.argv[1:] or sorted({path.stem for path in HERE.glob("*.py")} - NOT_MEASUREMENTS)
for name in wanted:
    module = import_module(f"benchmarks.{name}")
    print(module.run(), end="\n\n", flush=True)
