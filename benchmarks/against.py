"""A model against its base: a gigabyte on each side, an adapter merged into it, held against hashing both."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KIT = (sys.executable, "-m", "ossmodelkit", "scan")
LAYERS, WIDTH = 16, 2048  # eight matrices of 2048 × 2048 in a layer, in bfloat16: 1 GiB in all
ROLES = tuple(f"self_attn.{one}_proj" for one in "qkvo") + tuple(
    f"mlp.{one}_proj" for one in ("gate", "up", "down", "in")
)
SMALL = bytes(byte & 0x3F or 1 for byte in range(256))  # small numbers, none of them NaN


def model(folder: Path, changed: tuple[str, ...]) -> Path:
    """Two shards; the matrices of the roles `changed` differ from those of a model without."""
    folder.mkdir()
    plain = random.Random(0).randbytes(1 << 20).translate(SMALL) * (WIDTH * WIDTH * 2 >> 20)
    other = plain[2:] + plain[:2]
    shards: dict[str, str] = {}
    for shard in range(2):
        file = f"model-{shard + 1:05}-of-00002.safetensors"
        layers = range(shard * LAYERS // 2, (shard + 1) * LAYERS // 2)
        names = [f"model.layers.{layer}.{role}.weight" for layer in layers for role in ROLES]
        header = {
            name: {"dtype": "BF16", "shape": [WIDTH, WIDTH], "data_offsets": [at * len(plain), (at + 1) * len(plain)]}
            for at, name in enumerate(names)
        }
        text = json.dumps(header).encode()
        with (folder / file).open("wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for name in names:
                out.write(other if any(role in name for role in changed) else plain)
        shards |= dict.fromkeys(names, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    return folder


def timed(*words: str) -> tuple[float, float]:
    """Wall seconds, and the most MiB that the process or one of its children held."""
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def run() -> str:
    """A row for each way."""
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as place:
        base, same = model(Path(place, "base"), ()), model(Path(place, "same"), ())
        merged = model(Path(place, "merged"), ("q_proj", "v_proj"))
        files = [str(path) for folder in (base, merged) for path in sorted(folder.glob("*.safetensors"))]
        hashed, _ = timed("sha256sum", *files)
        equal, scanning = timed(*KIT, str(same), "--against", str(base))
        measured, measuring = timed(*KIT, str(merged), "--against", str(base))
    rows = (("all equal", equal), ("a quarter differs, measured", measured), ("sha256sum over both", hashed))
    return "\n".join(
        [
            "### A model against its base: 1 GiB in bfloat16 on each side",
            "",
            "| what | seconds | ratio |",
            "|---|---|---|",
            *(f"| {what} | {seconds:.2f} | {seconds / hashed:.2f} |" for what, seconds in rows),
            "",
            f"Peak memory: {scanning:.0f} MiB for the scan, {measuring:.0f} MiB for the process that measures.",
        ]
    )


if __name__ == "__main__":
    print(run())
