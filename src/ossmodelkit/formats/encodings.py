"""Which encoding a text is in, told from its first bytes."""

from __future__ import annotations

import codecs

NO_CONTROLS = bytes(set(range(256)) - {*range(7), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F})

OLD_TEXT = 256  # bytes; random ones hold no control character once in 10^13 times
PROTO = 0x80  # how a pickle begins


def encoding_of(head: bytes) -> str:
    """The encoding of a text that starts with `head`; empty when it is no text."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return "utf-16" if "\x00" not in codecs.getincrementaldecoder("utf-16")().decode(head) else ""
        except UnicodeDecodeError:
            return ""
    if b"\x00" in head or len(head.translate(None, NO_CONTROLS)) > len(head) // 100:
        return ""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    except UnicodeDecodeError:
        letters = sum(byte >= 0x80 for byte in head)
        if letters * 10 < len(head) and head[:1].isascii():
            return "latin-1"
        # Chinese, Cyrillic or Japanese in the encodings of old: little ASCII but some, as lines end, and not one
        # control character, which packed or encrypted bytes of this length never are.
        plain = letters * 10 >= len(head) and letters * 100 < 98 * len(head) and not head.translate(None, NO_CONTROLS)
        plain = plain and len(head) >= OLD_TEXT and head[0] != PROTO
        return "latin-1" if plain else ""
