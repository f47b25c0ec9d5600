"""Extension types of Arrow and Parquet: some are pickles, which Arrow loaded with the table (CVE-2023-47248).

A schema is a flatbuffer: every text in it stands behind its length and before a zero byte. Parquet keeps the same
schema as base64 in its footer, under `ARROW:schema`.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import struct
from collections.abc import Iterator

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.limits import Budget

MARK = b"arrow.py_extension_type"
LOOKED_AT = 1 << 20  # bytes at either end: a schema lies behind the magic and in the footer
PARQUET_SCHEMA = re.compile(rb"ARROW:schema[^A-Za-z0-9+/]{0,12}(.{0,4}?)([A-Za-z0-9+/]{32,}={0,2})", re.DOTALL)
SHORTEST = 4


def pickled_types(blob: Blob, budget: Budget) -> Iterator[Blob]:
    """The pickles that describe extension types, as blobs to be read."""
    ends = [blob.slice(0, LOOKED_AT)]
    if blob.size > LOOKED_AT:
        ends.append(blob.slice(max(LOOKED_AT, blob.size - LOOKED_AT), LOOKED_AT))
    budget.spend_bytes(sum(map(len, ends)))
    where = Place(path=blob.at.path, members=(*blob.at.members, "extension type"))
    seen: set[bytes] = set()
    for schema in [*ends, *_of_parquet(ends[-1])]:
        for value in _texts(schema) if MARK in schema else ():
            if value[-1:] == b"." and value not in seen:
                seen.add(value)
                yield Blob(at=where, stream=io.BytesIO(value), size=len(value), raw=True)


def _of_parquet(footer: bytes) -> Iterator[bytes]:
    for found in PARQUET_SCHEMA.finditer(footer):
        text = found[2].rstrip(b"=")
        for start in range(min(4, len(text))):  # the length before it may look like a letter
            whole = text[start : start + (len(text) - start) // 4 * 4]
            try:
                decoded = base64.b64decode(whole)
            except binascii.Error:
                continue
            if MARK in decoded:
                yield decoded
                break


def _texts(schema: bytes) -> Iterator[bytes]:
    """Everything that stands behind its length, at multiples of four, and before a zero."""
    for at in range(0, len(schema) - SHORTEST, 4):
        (length,) = struct.unpack_from("<I", schema, at)
        end = at + 4 + length
        if SHORTEST <= length <= len(schema) - at - 5 and schema[end] == 0:
            yield schema[at + 4 : end]
