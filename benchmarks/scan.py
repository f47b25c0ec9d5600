"""How long a scan takes and how much it holds, against the tools people use today.

`python -m benchmarks.scan` prints one line for each workload. Times are processor seconds of whole processes,
except for the parallel one.
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
from pathlib import Path

GENOPS = "import pickletools,sys\nfor _ in pickletools.genops(open(sys.argv[1],'rb')): pass"


def run(*words: str) -> tuple[float, float]:
    """Wall and processor seconds of a whole process; the second does not mind what else is running."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, spent


def best(*words: str, times: int = 3) -> float:
    return min(run(*words)[1] for _ in range(times))


def wall(*words: str, times: int = 2) -> float:
    return min(run(*words)[0] for _ in range(times))


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


def main() -> None:
    kit = (sys.executable, "-m", "ossmodelkit", "scan", "--format", "json")
    folder = Path(tempfile.mkdtemp(prefix="kit-bench-"))
    try:
        run(*kit, str(small(folder)))
        typer = best(sys.executable, "-c", "import typer")
        ours = best(*kit, str(small(folder)))
        theirs = best("picklescan", "-p", str(small(folder))) if shutil.which("picklescan") else float("nan")
        print(f"1 MB pickle       kit {ours:.2f} s   import typer {typer:.2f} s   picklescan {theirs:.2f} s")
        path = dense(folder)
        ours, genops = best(*kit, str(path), times=2), best(sys.executable, "-c", GENOPS, str(path), times=1)
        print(
            f"dense {path.stat().st_size >> 20} MiB     kit {ours:.2f} s   genops {genops:.2f} s   {genops / ours:.1f}x"
        )
        path = large_zip(folder)
        ours, hashed = best(*kit, str(path)), _hash(path)
        print(f"2 GiB torch zip   kit {ours:.2f} s   sha256 {hashed:.2f} s   {ours / hashed:.3f}x")
        place = many(folder)
        one, two = wall(*kit, str(place), "--jobs", "1"), wall(*kit, str(place), "--jobs", "2")
        print(f"200 files         jobs 1 {one:.2f} s   jobs 2 {two:.2f} s   {one / two:.2f}x")
        memory = max(
            peak(*kit, str(one)) for one in (folder / "small.pkl", folder / "dense.pkl", folder / "large.pt", place)
        )
        print(f"peak memory of any of these: {memory:.0f} MiB   processors: {os.cpu_count()}")
    finally:
        shutil.rmtree(folder)


def _hash(path: Path) -> float:
    started = time.perf_counter()
    with path.open("rb") as stream:
        hashlib.file_digest(stream, "sha256")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
