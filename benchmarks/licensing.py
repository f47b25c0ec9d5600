"""License files of the installed packages: named right or wrong, how fast, and ScanCode beside it.

The label is the package's own `License-Expression`, or its `License` field where that is one SPDX id. ScanCode
is taken from the environment variable SCANCODE or from the path, and reads the same files in the same run. Times
are those of the processor, so that whatever else runs on the machine matters less.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from ossmodelkit.licensing.identify import Identity, identify
from ossmodelkit.licensing.reading import decode

LICENSE_FILE = re.compile(r"(?:licen[cs]e|copying|unlicense)[^/]*", re.I)
ONE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
SUFFIXES = ("-only", "-or-later", "+")


def labelled() -> dict[Path, str]:
    """The distinct license files of packages that state one SPDX id and carry one such file."""
    found: dict[bytes, tuple[Path, str]] = {}
    for package in metadata.distributions():
        stated = package.metadata.json
        label = str(stated.get("license_expression") or stated.get("license") or "").strip()
        files = [Path(str(file.locate())) for file in package.files or () if LICENSE_FILE.fullmatch(file.name)]
        files = [file for file in files if file.is_file() and ".dist-info" in str(file)]
        if ONE_ID.fullmatch(label) and len(files) == 1:
            found.setdefault(files[0].read_bytes(), (files[0], label))
    return dict(found.values())


def agrees(one: Identity, label: str) -> bool:
    """Whether the stated license is among those that were found; "BSD" stands for each of its kind."""
    stated = label.lower()
    for suffix in SUFFIXES:
        stated = stated.removesuffix(suffix)
    return any(name.lower() == stated or (stated == "bsd" and name.startswith("bsd-")) for name in one.ids)


def started(*words: str) -> float:
    """Processor seconds of a whole process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def scancode(files: list[Path]) -> tuple[float, float] | None:
    """Seconds of ScanCode for one file, and for each further one; None where it is not installed."""
    command = os.environ.get("SCANCODE") or shutil.which("scancode")
    if not command or not files:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "all").mkdir()
        for number, file in enumerate(files):
            shutil.copy(file, folder / "all" / f"LICENSE-{number}")
        words = (command, "--license", "--processes", "1", "--json", str(folder / "found.json"))
        one = started(*words, str(folder / "all" / "LICENSE-0"))
        every = started(*words, str(folder / "all"))
        read = json.loads((folder / "found.json").read_text())["headers"][0]["extra_data"]["files_count"]
    return one, (every - one) / max(1, read - 1)


def run() -> str:
    """Shares, wrong names, and times."""
    files = labelled()
    texts = {file: decode(str(file), file.read_bytes()).text for file in files}
    identify(next(iter(texts.values())))
    began = time.process_time()
    found = {file: identify(text) for file, text in texts.items()}
    each = (time.process_time() - began) / max(1, len(files))
    exact = [file for file, one in found.items() if one.result == "exact"]
    wrong = [file for file in exact if not agrees(found[file], files[file])]
    start = started(sys.executable, "-m", "ossmodelkit", "license", "identify", str(next(iter(files))))
    lines = [
        f"### {len(files)} license files of installed packages",
        "",
        f"exact: {len(exact) / max(1, len(files)):.1%}; named other than the package says: {len(wrong)}",
        *(f"- {file.parent.parent.name}: {files[file]} stated, {', '.join(found[file].ids)} found" for file in wrong),
        "",
        "| what | one file, whole process, s | each further file, ms |",
        "|---|---|---|",
        f"| kit license identify | {start:.2f} | {each * 1000:.1f} |",
    ]
    if other := scancode(list(files)):
        lines.append(f"| ScanCode | {other[0]:.2f} | {other[1] * 1000:.1f} |")
        lines.append(f"| ratio | {start / other[0]:.3f} | {each / max(other[1], 1e-9):.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(run())
