"""How long a person waits before anything happens, against a bare `import typer`."""

from __future__ import annotations

import pickle
import random
import tempfile
from pathlib import Path

from benchmarks.timing import PYTHON, medians, table


def run() -> str:
    """`kit --help`, and a scan of a 1 MB pickle of ordinary values."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.pkl"
        chance = random.Random(0)
        small.write_bytes(pickle.dumps({f"key{i}": chance.random() for i in range(50_000)}))
        kit = [PYTHON, "-m", "ossmodelkit"]
        rows = medians(
            {
                "python -c 'import typer'": [PYTHON, "-c", "import typer"],
                "kit --help": [*kit, "--help"],
                f"kit scan small.pkl ({small.stat().st_size / 1e6:.1f} MB)": [*kit, "scan", str(small)],
            }
        )
    return table("Start", rows, "python -c 'import typer'")


if __name__ == "__main__":
    print(run())
