"""Machine code among a model's files: ELF, PE, Mach-O, compiled Python, Java, WebAssembly, llamafile."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.limits import Budget

MACH_O = {b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"}
ELF_KINDS = {1: "ELF object", 2: "ELF program", 3: "ELF shared object or program"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """A program or library of machine or byte code."""

    at: Place
    kind: str


def kind_of(blob: Blob) -> str:
    """What kind of code the bytes are; empty when they are none."""
    head = blob.head(4096)
    magic = head[:4]
    if magic == b"\x7fELF" and len(head) >= 20:
        order = ">" if head[5] == 2 else "<"
        return ELF_KINDS.get(struct.unpack_from(order + "H", head, 16)[0], "ELF file")
    if head[:6] in (b"MZqFpD", b"jartsr"):
        return "portable executable (llamafile or other APE)"
    if head[:2] == b"MZ":
        return _windows(blob, head)
    if magic in MACH_O:
        return "Mach-O program or library"
    if magic in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf") and len(head) >= 8:
        # Both Java classes and universal Mach-O begin so; a universal file holds few architectures.
        (count,) = struct.unpack_from(">I", head, 4)
        return "universal Mach-O" if count < 40 else "Java class"
    if magic == b"\0asm":
        return "WebAssembly module"
    if len(head) >= 16 and head[2:4] == b"\r\n" and head[4:8] in (b"\0\0\0\0", b"\1\0\0\0", b"\3\0\0\0"):
        return "compiled Python" if 3000 <= struct.unpack_from("<H", head)[0] < 4500 else ""
    if head.startswith((b"dex\n035", b"dex\n037", b"dex\n038", b"dex\n039")):
        return "Android byte code"
    if head.startswith(b"!<arch>\n"):
        return "static library"
    if head.startswith(b"\xac\xed\0\x05") and head[4:5] in (b"s", b"u", b"w", b"y", b"t"):
        return "serialized Java objects"
    if head.startswith(b"\0\1\0\0\0\xff\xff\xff\xff\1\0\0\0\0\0\0\0"):
        return "serialized .NET objects"
    if head[:1] in (b"\xe3", b"c") and head[1:13] == bytes(12) and len(head) > 32:
        return "compiled Python"  # as `marshal` writes it: no arguments, then the size of the stack
    if head.startswith(b"\xed\xab\xee\xdb"):
        return "RPM package"
    return "Windows shortcut" if head.startswith(b"L\0\0\0\x01\x14\x02\0") else ""


def _windows(blob: Blob, head: bytes) -> str:
    if len(head) < 64:
        return ""
    (at,) = struct.unpack_from("<I", head, 0x3C)
    if at + 4 <= blob.size and blob.slice(at, 4) == b"PE\0\0":
        return "Windows program or library"
    return "DOS program" if head[2:28].strip(b"\0") and at < blob.size and at >= 0x40 else ""


def accepts(blob: Blob) -> bool:
    """By magic numbers, and where those are short by a second sign."""
    return kind_of(blob) != ""


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `Executable` view."""
    yield Executable(at=blob.at, kind=kind_of(blob))


READER = Reader(name="executable", accepts=accepts, read=read)
