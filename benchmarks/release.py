"""Hashing against a plain loop, the memory of many small files, and kills during a release.

`python -m benchmarks.release 2048 50000 20`: mebibytes to hash, tiny files, kills. `python -m benchmarks` takes less.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ossmodelkit.releasing import keys, listing, signing, staging
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.release import clean, release, resume
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.releases import desk, options, project

SHARDS, ROUNDS = 4, 3
CHECKOUT = Path(__file__).resolve().parent.parent
RELEASING = """
import sys; sys.path.insert(0, {checkout!r})
from pathlib import Path
from tests.making.releases import desk, options
from ossmodelkit.workflow.release import release
release(options(Path({work!r}), copy=True), desk=desk(Path({work!r})))
"""
VERIFYING = """
import resource, sys
from pathlib import Path
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
assert verify(Path(sys.argv[1]), Wanted(whom=Whom(key=sys.argv[2])), desk=Desk()).verdict == "verified"
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def run(mebibytes: int = 256, files: int = 5000, kills: int = 2) -> str:
    """A Markdown table of what was measured."""
    rows = [hashing(mebibytes), memory(files), killed(mebibytes, kills)]
    return "\n".join(["### Release", "", "| what | measured |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def hashing(mebibytes: int) -> tuple[str, str]:
    """Our hashing and a plain two-thread loop over the same files, in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder, size = Path(name), mebibytes * 2**20 // SHARDS
        for number in range(SHARDS):
            with (folder / f"{number}.bin").open("wb") as stream:
                for _ in range(size // 2**20):
                    stream.write(os.urandom(2**20))
        sizes, ratios = {f"{number}.bin": size for number in range(SHARDS)}, []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            with ThreadPoolExecutor(2) as threads:
                list(threads.map(_plain, [folder / name for name in sizes]))
            middle = time.perf_counter()
            listing.digest_files(folder, sizes)
            ratios.append((time.perf_counter() - middle) / (middle - began))
    return f"hashing {mebibytes} MiB against a plain two-thread loop", f"{statistics.median(ratios):.2f}"


def _plain(path: Path) -> str:
    seen, view = hashlib.sha256(), memoryview(bytearray(2**20))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(view):
            seen.update(view[:count])
    return seen.hexdigest()


def memory(files: int) -> tuple[str, str]:
    """Peak resident memory of a process that verifies many tiny files."""
    with tempfile.TemporaryDirectory() as name:
        folder, key = Path(name) / "m", Path(name) / "key.pub"
        folder.mkdir()
        for number in range(files):
            (folder / f"{number:06}.txt").write_text(str(number))
        private = keys.generate()
        key.write_bytes(keys.public_pem(private.public_key()))
        digests = listing.digest_files(folder, listing.list_folder(folder).files)
        (folder / "model.sig").write_bytes(signing.sign("m", digests, signing.key_signer(private)))
        words = [sys.executable, "-c", VERIFYING, str(folder), str(key)]
        peak = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    return f"peak memory of verifying {files:,} tiny files", f"{peak} MiB"


def killed(mebibytes: int, kills: int) -> tuple[str, str]:
    """SIGKILL at random moments of a release that copies its weights; then what verifies, and a resumed end."""
    chance, seen = random.Random(0), dict.fromkeys(("verified", "untrusted", "absent"), 0)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name) / "p"
        project(work, size=mebibytes * 2**18)
        target, began = work / "out", time.monotonic()
        assert release(options(work, copy=True), desk=desk(work)).verdict == "released"
        usual = time.monotonic() - began
        script = RELEASING.format(checkout=str(CHECKOUT), work=str(work))
        for _ in range(kills):
            process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.3, 0.5 + usual))
            process.send_signal(signal.SIGKILL)
            process.wait()
            seen[_word(target, work / "key.pub")] += 1
        if (staging.place_for(target) / staging.JOURNAL).exists():
            resume(str(target), desk=desk(work))
        clean(str(target))
        assert _word(target, work / "key.pub") == "verified" and not staging.place_for(target).exists()
        shutil.rmtree(work)
    told = ", ".join(f"{count} {word}" for word, count in seen.items() if count)
    return f"{kills} SIGKILLs during a release of {mebibytes} MiB, then resumed", told


def _word(target: Path, key: Path) -> str:
    """What a reader would be told; only an old or a new release verifies."""
    if not target.is_dir():
        return "absent"
    return verify(target, Wanted(whom=Whom(key=str(key))), desk=Desk(now=desk(target.parent).now)).verdict


if __name__ == "__main__":
    print(run(*(int(word) for word in sys.argv[1:])))
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB in this process")
