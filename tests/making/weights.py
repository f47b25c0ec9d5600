"""Model folders made of plain bytes: safetensors by hand, so that no training library is needed."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BYTES = {"F32": 4, "BF16": 2, "F16": 2, "I64": 8, "U8": 1}


def numbers(count: int, start: float = 1.0) -> bytes:
    """`count` numbers as float32."""
    return struct.pack(f"<{count}f", *(start + index for index in range(count)))


def packed(tensors: Mapping[str, tuple[str, list[int], bytes]]) -> bytes:
    """A safetensors file of these tensors."""
    header: dict[str, Any] = {}
    at = 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values())


def f32(*shape: int, start: float = 1.0) -> tuple[str, list[int], bytes]:
    """A float32 tensor of counting numbers."""
    count = 1
    for side in shape:
        count *= side
    return "F32", list(shape), numbers(count, start)


def model(folder: Path, tensors: Mapping[str, tuple[str, list[int], bytes]], **files: Any) -> Path:
    """A folder with `model.safetensors` and JSON files; `config_json={…}` is written as `config.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(packed(tensors))
    for name, value in files.items():
        path = folder / name.replace("_json", ".json").replace("_jinja", ".jinja")
        path.write_text(value if isinstance(value, str) else json.dumps(value))
    return folder
