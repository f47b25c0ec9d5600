"""Write `configs/scan/tensorflow_operators.toml` from wheels of TensorFlow: every operator that it registers.

`python tools/tensorflow_operators.py WHEEL…`. The wheels are read as archives and nothing in them is run: their
generated modules (`gen_*_ops.py`) call each operator by its registered name.
"""

from __future__ import annotations

import re
import sys
import textwrap
import zipfile
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "configs" / "scan" / "tensorflow_operators.toml"
GENERATED = re.compile(r"/gen_\w+\.py$")
CALLED = re.compile(r'(?:_apply_op_helper\(\s*|_execute\.execute\(b)"([\w>]+)"')


def operators(wheel: Path) -> set[str]:
    """The names under which a wheel's generated modules call operators."""
    with zipfile.ZipFile(wheel) as archive:
        modules = [name for name in archive.namelist() if GENERATED.search(name)]
        return {name for module in modules for name in CALLED.findall(archive.read(module).decode("utf-8"))}


def written(wheels: list[Path]) -> str:
    """The table as TOML, with the versions it was read from."""
    names = sorted(set().union(*map(operators, wheels)))
    versions = ", ".join(sorted("-".join(wheel.name.split("-")[:2]) for wheel in wheels))
    lines = textwrap.wrap(", ".join(f'"{name}"' for name in names), 120, initial_indent="  ", subsequent_indent="  ")
    return "\n".join([f"# Written by tools/tensorflow_operators.py from {versions}.", "names = [", *lines, "]", ""])


if __name__ == "__main__":
    TABLE.write_text(written([Path(one) for one in sys.argv[1:]]), encoding="utf-8")
