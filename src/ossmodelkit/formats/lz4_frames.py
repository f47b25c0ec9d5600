"""LZ4 frames, expanded without a package: joblib writes them, and the format is small.

Sources: LZ4 Frame Format 1.6.4 and LZ4 Block Format (public domain). Checksums are passed over: loaders that
check them refuse what this reads, and nothing else follows from it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

MAGIC = b"\x04\x22\x4d\x18"
SKIPPABLE = range(0x184D2A50, 0x184D2A60)
BLOCK_BYTES = {4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22}
REACH = 1 << 16  # how far back a match may begin
STORED = 1 << 31


def expand(blob: Blob, budget: Budget) -> Iterator[bytes]:
    """The content of all frames in a row, a block at a time.

    Raises `UnreadableError` where the data is broken.
    """
    span = Span(blob)
    at = 0
    while at < span.size:
        (magic,) = span.unpack("<I", at)
        if magic in SKIPPABLE:
            at += 8 + span.unpack("<I", at + 4)[0]
        elif span.take(at, 4) == MAGIC:
            at = yield from _frame(span, at, budget)
        else:
            raise UnreadableError(f"{span.size - at} bytes follow the lz4 frames")


def _frame(span: Span, at: int, budget: Budget) -> Generator[bytes, None, int]:
    flags, descriptor = span.take(at + 4, 2)
    largest = BLOCK_BYTES.get(descriptor >> 4 & 7)
    if flags >> 6 != 1 or largest is None or flags & 1:
        raise UnreadableError("an lz4 frame of a kind that is not read")
    linked, block_sum, content_sum = not flags & 0x20, bool(flags & 0x10), bool(flags & 4)
    at += 7 + (8 if flags & 8 else 0)
    window = b""
    while True:
        budget.check_time()
        (size,) = span.unpack("<I", at)
        at += 4
        if not size:
            return at + 4 * content_sum
        data = span.take(at, size & ~STORED)
        at += len(data) + 4 * block_sum
        if len(data) > largest:
            raise UnreadableError("an lz4 block larger than its frame allows")
        found = data if size & STORED else _block(data, window if linked else b"", largest)
        window = (window + found)[-REACH:] if linked else b""
        yield found


def _block(data: bytes, window: bytes, largest: int) -> bytes:
    """One block: literals and matches in turn; matches may reach back into `window`."""
    out = bytearray(window)
    limit = len(window) + largest
    at, end = 0, len(data)
    while at < end:
        token = data[at]
        at, count = _length(data, at + 1, token >> 4)
        out += data[at : at + count]
        at += count
        if at > end or len(out) > limit:
            raise UnreadableError("a broken lz4 block")
        if at == end:
            break
        back = int.from_bytes(data[at : at + 2], "little")
        at, count = _length(data, at + 2, token & 15)
        count += 4
        start = len(out) - back
        if not back or start < 0 or len(out) + count > limit:
            raise UnreadableError("a broken lz4 block")
        piece = bytes(out[start : start + count])
        out += piece if len(piece) == count else (piece * (count // len(piece) + 1))[:count]
    return bytes(out[len(window) :])


def _length(data: bytes, at: int, count: int) -> tuple[int, int]:
    """A length that goes on as long as its bytes are all ones."""
    if count < 15:
        return at, count
    while at < len(data):
        count += data[at]
        at += 1
        if data[at - 1] != 255:
            return at, count
    raise UnreadableError("a broken lz4 block")
