"""Which files beside a Python file it imports."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Container, Iterator
from posixpath import dirname, join, normpath


def source_text(data: bytes) -> str:
    """Python source as the interpreter decodes it: by its mark or its coding line (PEP 263).

    Raises `SyntaxError` for a coding that Python does not know, and `ValueError` for broken bytes.
    """
    import io
    import tokenize

    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def neighbors(text: str, name: str, files: Container[str]) -> Iterator[str]:
    """Files among `files` that the module `name` imports, relatively or by a name beside it.

    Raises what `ast.parse` raises when the text is no Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    for level, dotted in _imports(tree):
        folder = dirname(name)
        for _ in range(level - 1):
            folder = dirname(folder)
        for start in (folder,) if level else dict.fromkeys((folder, "")):
            path = join(start, dotted.replace(".", "/")) if dotted else start
            for candidate in (f"{path}.py", join(path, "__init__.py")):
                if normpath(candidate) in files:
                    yield normpath(candidate)


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Level and dotted name of every import, with each part of a longer name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from ((0, part) for part in _parts(alias.name))
        elif isinstance(node, ast.Call):
            yield from _computed(node)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.level, part) for part in _parts(node.module or ""))
            for alias in node.names:
                yield node.level, ".".join(filter(None, (node.module, alias.name)))


def _computed(node: ast.Call) -> Iterator[tuple[int, str]]:
    """`import_module(".x", __package__)` and `__import__("x")` with a constant name."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if called in ("import_module", "__import__") and isinstance(name, str):
        plain = name.lstrip(".")
        yield from ((len(name) - len(plain), part) for part in _parts(plain))


def _parts(dotted: str) -> Iterator[str]:
    words = dotted.split(".")
    for length in range(1, len(words) + 1):
        yield ".".join(words[:length])
