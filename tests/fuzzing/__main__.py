"""Fuzz each target for so many seconds: `python -m tests.fuzzing [--seconds 60] [NAME …]`.

A crash, five seconds for one input, or 500 MB of memory is a failure; its input is kept under `.fuzz/failures`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzzing.targets import targets

HOME = Path(".fuzz")
LONGEST_SECONDS = 5
MOST_MEGABYTES = 500
RUNS = re.compile(r"Done (\d+) (?:runs|in)|#(\d+)\s")


def main() -> int:
    words = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    words.add_argument("names", nargs="*", help="targets; all without any")
    words.add_argument("--seconds", type=int, default=60, help="for each target")
    asked = words.parse_args()
    unknown = set(asked.names) - set(targets())
    if unknown:
        words.error(f"no target is called {', '.join(sorted(unknown))}; there are {', '.join(targets())}")
    failed = [name for name in asked.names or targets() if not fuzz(name, asked.seconds)]
    print(f"failed: {', '.join(failed)}" if failed else "no crash, no hang, no flood of memory")
    return bool(failed)


def fuzz(name: str, seconds: int) -> bool:
    """One target in a process of its own; whether it held."""
    corpus, failures = HOME / "corpus" / name, HOME / "failures" / name
    for folder in (corpus, failures, HOME / "seeds"):
        folder.mkdir(parents=True, exist_ok=True)
    run = [
        *(sys.executable, "-m", "tests.fuzzing.one", name),
        f"-max_total_time={seconds}",
        f"-timeout={LONGEST_SECONDS}",
        f"-rss_limit_mb={MOST_MEGABYTES}",
        f"-artifact_prefix={failures}/",
        *("-max_len=65536", "-reload=0", "-print_final_stats=1", str(corpus), str(HOME / "seeds")),
    ]
    done = subprocess.run(run, capture_output=True, text=True, errors="replace", check=False)
    runs = [first or second for first, second in RUNS.findall(done.stderr)]
    held = done.returncode == 0
    print(f"{name:18} {'held' if held else 'FAILED'}  {runs[-1] if runs else 0} runs", flush=True)
    if not held:
        (failures / "log.txt").write_text(done.stdout + done.stderr)
        print("\n".join(f"    {line}" for line in _told(done.stdout + done.stderr)), flush=True)
    return held


def _told(text: str) -> list[str]:
    """The lines that say what went wrong."""
    marks = ("UnforeseenError", "Error:", "ERROR:", "SUMMARY", "Test unit written")
    return [line.strip()[:300] for line in text.splitlines() if any(mark in line for mark in marks)][:12]


if __name__ == "__main__":
    sys.exit(main())
