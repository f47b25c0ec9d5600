"""Which reader a file needs, told by its content; its ending only settles what content cannot."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ossmodelkit.curating.reading import delimited, encoding, json_lines, json_values, parquet
from ossmodelkit.curating.row import Bounds, Feed, Row
from ossmodelkit.foundation.errors import UnreadableError

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
TABLES = (".csv", ".tsv")
PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a file is written: container (jsonl, json, csv, parquet), encoding, delimiter of a table."""

    container: str
    encoding: str = "utf-8"
    delimiter: str = ""


def layout(feed: Feed, bounds: Bounds) -> Layout:
    """Look at the first bytes of a file.

    Raises `UnreadableError` for what is no text and no Parquet, and `UsageError` where pyarrow is missing.
    """
    with feed.open() as stream:
        start = stream.read(bounds.sniffed_bytes)
    if start.startswith(parquet.MAGIC):
        parquet.library()
        return Layout(container="parquet", encoding="binary")
    if packed := next((name for magic, name in PACKED.items() if start.startswith(magic)), ""):
        raise UnreadableError(f"{feed.name} is packed ({packed})", hint="unpack it first")
    name = encoding.detect(start)
    text = codecs.getincrementaldecoder(name)("replace").decode(start).lstrip("\ufeff")
    if _is_binary(text):
        raise UnreadableError(f"{feed.name} is not text", hint="give JSON Lines, JSON, CSV or Parquet")
    container = _container(feed.name, text, whole=len(start) >= feed.size)
    return Layout(
        container=container,
        encoding=name,
        delimiter=delimited.delimiter(text.partition("\n")[0]) if container == "csv" else "",
    )


def _is_binary(text: str) -> bool:
    """Zero bytes, or control characters among bytes that are no text: neither alone is enough."""
    controls, undecoded = len(CONTROL.findall(text)), text.count("\ufffd")
    return text.count("\0") > len(text) // 10 or (20 * controls > len(text) and 4 * undecoded > len(text))


def _container(name: str, text: str, *, whole: bool) -> str:
    body = text.lstrip()
    if name.lower().endswith(TABLES) and not body.startswith(('{"', "[{")):
        return "csv"
    if body.startswith("["):
        return "json"
    if not body.startswith("{"):
        return "jsonl" if name.lower().endswith((".jsonl", ".json", ".ndjson")) or not body else "csv"
    return "jsonl" if _line_is_whole(body) else _spread(body, whole)


def _line_is_whole(body: str) -> bool:
    try:
        json_lines.whole(body.partition("\n")[0].strip())
    except (ValueError, RecursionError):
        return False
    return True


def _spread(body: str, whole: bool) -> str:
    """Whether one object goes over several lines, or the first line of JSON Lines is broken."""
    first, _, rest = body.partition("\n")
    if first.strip() == "{" or (rest[:1] in " \t\r" and rest.strip()[:1] == '"'):
        return "json"
    try:
        _, end = json_lines.DECODER.raw_decode(body)
    except (ValueError, RecursionError):
        return "jsonl"
    return "json" if "\n" in body[:end] else "jsonl"


def rows(stream: BinaryIO, feed: Feed, how: Layout, bounds: Bounds) -> Iterator[Row]:
    """Every row of an open file, in order.

    Raises `UnreadableError` where a container turns out not to be what it seemed.
    """
    if how.container == "parquet":
        return parquet.rows(stream, feed.name)
    if how.container == "json":
        return json_values.rows(encoding.pieces(stream, how.encoding), bounds.row_bytes)
    lines = encoding.lines(stream, how.encoding, bounds.row_bytes)
    if how.container == "csv":
        return delimited.rows(lines, how.delimiter, bounds.row_bytes)
    return json_lines.rows(lines)
