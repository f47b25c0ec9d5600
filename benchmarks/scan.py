"""How long a scan takes and how much it holds, against the tools people use today.

Times are processor seconds of whole processes, except for the parallel one and the digest, which are wall seconds.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scan_layouts import repository, tokenizer

KIT = (sys.executable, "-m", "ossmodelkit", "scan", "--format", "json")
GENOPS = "import pickletools,sys\nfor _ in pickletools.genops(open(sys.argv[1],'rb')): pass"


def spent(*words: str) -> tuple[float, float]:
    """Wall and processor seconds of a whole process; the second does not mind what else is running."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, processor


def best(*words: str, times: int = 3) -> float:
    return min(spent(*words)[1] for _ in range(times))


def wall(*words: str, times: int = 2) -> float:
    return min(spent(*words)[0] for _ in range(times))


def peak(*words: str) -> float:
    """Peak memory in MiB, asked of a process that starts nothing else."""
    ask = "import resource,subprocess,sys; subprocess.run(sys.argv[1:],stdout=-3,stderr=-3); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"  # noqa: E501
    found = subprocess.run([sys.executable, "-c", ask, *words], capture_output=True, check=True, text=True)
    return int(found.stdout) / 1024


def small(folder: Path) -> Path:
    path = folder / "small.pkl"
    path.write_bytes(pickle.dumps({f"k{number}": float(number) for number in range(56_000)}))
    return path


def dense(folder: Path) -> Path:
    path = folder / "dense.pkl"
    path.write_bytes(pickle.dumps({f"key{number:07d}aaaa": number for number in range(2_200_000)}, 4))
    return path


def large_zip(folder: Path, gigabytes: int = 2) -> Path:
    """A torch file whose tensors fill two gigabytes, written as a sparse file."""
    from tests.making.pickle_assembly import called, named, old, text

    path = folder / "large.pt"
    keys = range(gigabytes)
    size = (1 << 30) // 4
    one = b"".join(
        called(
            named("torch._utils", "_rebuild_tensor_v2"),
            b"("
            + text("storage")
            + named("torch", "FloatStorage")
            + text(str(key))
            + text("cpu")
            + b"J"
            + size.to_bytes(4, "little")
            + b"tQ",
            b"K\x00",
            b"(J" + size.to_bytes(4, "little") + b"t",
            b"(K\x01t",
            b"\x89",
            called(named("collections", "OrderedDict")),
        )
        for key in keys
    )
    zeros = bytes(16 << 20)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", old(b"(" + one + b"l"))
        archive.writestr("archive/version", b"3\n")
        for key in keys:
            with archive.open(f"archive/data/{key}", "w", force_zip64=True) as out:
                for _ in range(64):
                    out.write(zeros)
    return path


def many(folder: Path) -> Path:
    place = folder / "many"
    place.mkdir()
    for number in range(200):
        value = {f"k{index}": [index, float(index)] for index in range(4000 if number % 4 else 20_000)}
        (place / f"{number}.pkl").write_bytes(pickle.dumps(value, number % 6))
    return place


def run() -> str:
    """A row for each workload: ours, the other, and the ratio."""
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as name:
        lines = ["### Scan", "", "| workload | kit scan | against | seconds | ratio |", "|---|---|---|---|---|"]
        lines += [
            f"| {what} | {ours:.2f} | {whom} | {other:.2f} | {ours / other:.3f} |"
            for what, ours, whom, other in _rows(Path(name))
        ]
        places = [Path(name, place) for place in ("small.pkl", "dense.pkl", "large.pt", "many")]
        most = max(peak(*KIT, str(place)) for place in places)
    return "\n".join([*lines, "", f"Peak memory of any of these: {most:.0f} MiB; processors: {os.cpu_count()}."])


def _rows(folder: Path) -> Iterator[tuple[str, float, str, float]]:
    path = small(folder)
    ours = best(*KIT, str(path))
    yield "1 MB pickle", ours, "import typer", best(sys.executable, "-c", "import typer")
    if picklescan := shutil.which("picklescan", path=str(Path(sys.executable).parent)):
        yield "1 MB pickle", ours, "picklescan", best(picklescan, "-p", str(path))
    path = dense(folder)
    ours, genops = best(*KIT, str(path), times=2), best(sys.executable, "-c", GENOPS, str(path), times=1)
    yield f"{path.stat().st_size >> 20} MiB of dense opcodes", ours, "pickletools.genops", genops
    path = large_zip(folder)
    ours = best(*KIT, str(path))
    if sha256sum := shutil.which("sha256sum"):
        yield "2 GiB torch zip", ours, "sha256sum", best(sha256sum, str(path), times=1)
    yield "2 GiB torch zip", ours, "sha256 by OpenSSL", _hash(path)
    started = best(*KIT, str(small(folder)))
    path = tokenizer(folder / "tokenizer.json", 440_000)
    yield f"tokenizer.json of {path.stat().st_size >> 20} MiB", best(*KIT, str(path)), "1 MB pickle", started
    yield "repository of 8 billion parameters", best(*KIT, str(repository(folder / "8b"))), "1 MB pickle", started
    path = many(folder)
    yield "200 files, 2 jobs", wall(*KIT, str(path), "--jobs", "2"), "1 job", wall(*KIT, str(path), "--jobs", "1")


def _hash(path: Path) -> float:
    started = time.perf_counter()
    with path.open("rb") as stream:
        hashlib.file_digest(stream, "sha256")
    return time.perf_counter() - started


if __name__ == "__main__":
    print(run())
