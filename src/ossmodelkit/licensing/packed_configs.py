"""What a packed model says in its own configuration: `.nemo` (a tar, maybe gzipped) and `.keras` (a zip).

Only the configuration is read; the weights beside it are stepped over, or never reached.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from ossmodelkit.licensing.reading import load_yaml

if TYPE_CHECKING:  # imported where an archive is met: few repositories hold one
    import gzip

LARGEST_CONFIG = 4 * 1024 * 1024
MOST_UNPACKED = 64 * 1024 * 1024
LARGEST_DIRECTORY = 4 * 1024 * 1024
MOST_MEMBERS = 4096
BLOCK = 512
# What a config may say of itself, and of what it was made from (NeMo: core/classes/modelPT.py, speechlm2 recipes).
OF_ITSELF = ("license", "license_name", "license_link", "name", "base_model", "_name_or_path")
OF_PARENTS = ("init_from_pretrained_model", "pretrained_model_name", "pretrained_llm", "pretrained_asr")
DEEPEST = 6


def nemo(stream: BinaryIO, name: str, size: int) -> Iterator[tuple[str, str]]:
    """`model_config.yaml` of a NeMo archive."""
    import gzip

    zipped = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    text = _from_tar(gzip.GzipFile(fileobj=stream) if zipped else stream, zipped=zipped, size=size)
    config = load_yaml(text.decode("utf-8", "replace"))
    if not isinstance(config, dict):
        raise ValueError("its model_config.yaml is no table")
    yield from _said(config, 0)


def keras(stream: BinaryIO, name: str, size: int) -> Iterator[tuple[str, str]]:
    """`metadata.json` of a Keras v3 archive, and what `config.json` says at its top."""
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(_bounded_directory(stream, size)) as archive:
            for member in ("metadata.json", "config.json"):
                if member in archive.namelist():
                    with archive.open(member) as held:
                        yield from _table(held.read(LARGEST_CONFIG + 1))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(str(error)) from error


def _bounded_directory(stream: BinaryIO, size: int) -> BinaryIO:
    """The zip, where its directory is no larger than a model's; `zipfile` would read one of any size at once."""
    tail = min(size, 65_557)
    stream.seek(size - tail)
    _, mark, end = stream.read(tail).rpartition(b"PK\5\6")
    if mark and int.from_bytes(end[8:12], "little") > LARGEST_DIRECTORY:
        raise ValueError("its directory is larger than a model's")
    return stream


def _table(data: bytes) -> Iterator[tuple[str, str]]:
    if len(data) > LARGEST_CONFIG:
        return  # a large graph; what is said about the whole stands in metadata.json
    config = json.loads(data)
    for key in OF_ITSELF if isinstance(config, dict) else ():
        if isinstance(config.get(key), str):
            yield key, config[key]


def _said(config: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Its own words at the top, and the pretrained models that any part was begun from."""
    if depth > DEEPEST or not isinstance(config, dict):
        return
    for key, value in config.items():
        if isinstance(value, str) and ((depth == 0 and key in OF_ITSELF) or key in OF_PARENTS):
            yield str(key), value
        else:
            yield from _said(value, depth + 1)


def _from_tar(stream: BinaryIO | gzip.GzipFile, *, zipped: bool, size: int) -> bytes:
    """The bytes of `model_config.yaml`; members before it are stepped over, and unpacked only in a gzip."""
    import tarfile

    at = 0
    limit = MOST_UNPACKED if zipped else size
    for _ in range(MOST_MEMBERS):
        head = _at(stream, at, BLOCK, limit)
        if not head.strip(b"\0"):
            break
        try:
            member = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise ValueError(f"no tar: {error}") from error
        if member.size < 0:
            raise ValueError("a member of less than nothing")
        if member.name.removeprefix("./") == "model_config.yaml" and member.isfile():
            if member.size > LARGEST_CONFIG:
                raise ValueError(f"its model_config.yaml has {member.size} bytes")
            return _at(stream, at + BLOCK, member.size, limit)
        at += BLOCK + -(-member.size // BLOCK) * BLOCK
    raise ValueError("there is no model_config.yaml in it")


def _at(stream: BinaryIO | gzip.GzipFile, start: int, count: int, limit: int) -> bytes:
    import zlib

    if start + count > limit:
        raise ValueError(f"no model_config.yaml within {limit} bytes")
    try:
        stream.seek(start, io.SEEK_SET)
        return stream.read(count)
    except (EOFError, zlib.error) as error:
        raise ValueError(f"its packing is broken: {error}") from error
