"""Whether a path in a file leads out of the folder that the file lies in."""

from __future__ import annotations

import re


def leaves_folder(path: str) -> bool:
    """Absolute paths, URLs, drive letters, `~`, `..` and NUL; also ONNX Runtime's own memory marker."""
    plain = path.replace("\\", "/")
    if plain == "*/_ORT_MEM_ADDR_/*" or "\0" in path:
        return True
    return plain.startswith(("/", "~")) or ".." in plain.split("/") or re.match(r"[A-Za-z][\w+.-]*:", plain) is not None
