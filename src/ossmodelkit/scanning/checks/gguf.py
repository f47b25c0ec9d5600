"""GGUF files whose head does not fit the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.gguf import Gguf

REMEDY = "Do not load it: ask the publisher for a file written by gguf-py or llama.cpp."


@check(
    "gguf-malformed",
    reads=Gguf,
    severity=Severity.HIGH,
    advisories=("CVE-2024-23605", "CVE-2024-21802", "CVE-2025-53630", "GHSA-3p4r-fq3f-q74v"),
)
def malformed(file: Gguf) -> Iterator[Hit]:
    """This GGUF head announces what the file cannot hold.

    Counts, lengths and offsets that do not fit have overflowed buffers in native loaders.
    """
    for saw, offset in file.defects:
        yield Hit(at=replace(file.at, offset=offset), saw=saw, remedy=REMEDY)


@check("gguf-hidden-bytes", reads=Gguf, severity=Severity.MEDIUM)
def hidden_bytes(file: Gguf) -> Iterator[Hit]:
    """Bytes follow after the last tensor of this GGUF file.

    No loader reads them; they may be a second file for another program.
    """
    if file.hidden_bytes and not file.defects:
        yield Hit(at=file.at, saw=f"{file.hidden_bytes} bytes after the last tensor", remedy=REMEDY)


CHECKS = (malformed, hidden_bytes)
