"""Self-describing binary data that can hold no code: MessagePack, UBJSON, CatBoost, tensor stores.

Each is walked to its end, so that bytes which only begin like one are not taken for it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.harmless import Harmless
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

DEEPEST = 512
EMPTY_MAP = b"\x80"
# This one byte may as well be a pickle that was cut off; spaCy writes it for tables without entries.
WRITTEN_EMPTY = ("key2row", "lookups.bin")
FLAX_TYPES = frozenset({1, 2, 3})  # flax.serialization: ndarray, native complex, numpy scalar
TIMESTAMP = -1
# The key and value that msgpack-numpy marks an array of objects with, as texts or as bytes.
OBJECT_ARRAY = re.compile(rb"(?:\xa4|[\xc4\xd9]\x04)kind(?:\xa1|[\xc4\xd9]\x01)O")
WIDTHS = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
SIZED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
FIXED_EXTENSIONS = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
LISTS = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
UBJ_WIDTHS = {b"i": 1, b"U": 1, b"I": 2, b"u": 2, b"l": 4, b"m": 4, b"L": 8, b"M": 8, b"d": 4, b"D": 8, b"C": 1}
UBJ_COUNTS = {b"i": ">b", b"U": ">B", b"I": ">h", b"u": ">H", b"l": ">i", b"m": ">I", b"L": ">q", b"M": ">Q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MsgPack:
    """A MessagePack document, the extension types that are not Flax's, and where arrays of objects stand.

    msgpack-numpy writes an array as a map; when its `kind` is `O`, the `data` is a pickle, and reading loads it.
    """

    at: Place
    extensions: tuple[tuple[int, int], ...]
    object_arrays: tuple[int, ...] = ()


def accepts_msgpack(blob: Blob) -> bool:
    """A map whose first key is a short readable text, or an empty one."""
    head = blob.head(300)
    if blob.size == 1 and head == EMPTY_MAP:
        return blob.name in WRITTEN_EMPTY
    if not head:
        return False
    at = 1 if 0x81 <= head[0] <= 0x8F else {0xDE: 3, 0xDF: 5}.get(head[0], 0)
    if not at or at + 1 >= len(head):
        return False
    length = head[at] & 0x1F if head[at] >> 5 == 5 else head[at + 1] if head[at] == 0xD9 else 0
    start = at + (1 if head[at] >> 5 == 5 else 2)
    key = head[start : start + length]
    return len(key) == length > 0 and key.isascii() and key.decode("ascii").isprintable()


def read_msgpack(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `MsgPack` view, when the document ends where the file does."""
    span = Span(blob)
    extensions: list[tuple[int, int]] = []
    object_arrays: list[int] = []
    at, left, steps = 0, 1, 0
    while left:
        left -= 1
        steps += 1
        if steps % 4096 == 0:
            budget.check_time()
        if span.take(at, 1) in b"\xa4\xc4\xd9" and OBJECT_ARRAY.match(blob.slice(at, 10)):
            object_arrays.append(at)
        at, inner = _msgpack_item(span, at, extensions)
        if inner > span.size:
            raise UnreadableError(f"a list of {inner} entries at byte {at}")
        left += inner
    if at != span.size:
        raise UnreadableError(f"{span.size - at} bytes after the MessagePack document")
    yield MsgPack(at=blob.at, extensions=tuple(extensions), object_arrays=tuple(object_arrays))


def _msgpack_item(span: Span, at: int, extensions: list[tuple[int, int]]) -> tuple[int, int]:
    """Where the next item begins, and how many items this one announces."""
    code = span.take(at, 1)[0]
    at += 1
    if code < 0x80 or code >= 0xE0 or code in (0xC0, 0xC2, 0xC3):
        return at, 0
    if code < 0x90:
        return at, 2 * (code & 0x0F)
    if code < 0xA0:
        return at, code & 0x0F
    if code < 0xC0:
        return _skip(span, at, code & 0x1F), 0
    if code in WIDTHS:
        return _skip(span, at, WIDTHS[code]), 0
    if code in LISTS:
        width, each = LISTS[code]
        return at + width, each * int.from_bytes(span.take(at, width), "big")
    if code in SIZED:
        width = SIZED[code]
        return _skip(span, at + width, int.from_bytes(span.take(at, width), "big")), 0
    if code == 0xC1:
        raise UnreadableError(f"code 0xC1 at byte {at - 1}")
    width = EXTENSIONS.get(code, 0)
    size = int.from_bytes(span.take(at, width), "big") if width else FIXED_EXTENSIONS[code]
    (kind,) = span.unpack("b", at + width)
    if kind not in FLAX_TYPES and kind != TIMESTAMP:
        extensions.append((kind, at))
    return _skip(span, at + width + 1, size), 0


def _skip(span: Span, at: int, count: int) -> int:
    if at + count > span.size:
        raise UnreadableError(f"{count} bytes announced at byte {at}, more than the file holds")
    return at + count


def accepts_ubjson(blob: Blob) -> bool:
    """XGBoost's binary models: an object whose first key has a length in UBJSON's way."""
    head = blob.head(64)
    if head[:1] != b"{" or len(head) < 12:
        return False
    at = 1
    if head[at : at + 1] == b"#":
        at += 1 + _ubj_width(head[2:3]) + 1
    width = _ubj_width(head[at : at + 1])
    if not width:
        return False
    length = int.from_bytes(head[at + 1 : at + 1 + width], "big")
    key = head[at + 1 + width : at + 1 + width + length]
    return 0 < length < 48 and len(key) == length and key.isascii() and key.decode("ascii").isprintable()


def _ubj_width(kind: bytes) -> int:
    return UBJ_WIDTHS[kind] if kind in UBJ_COUNTS else 0


def read_ubjson(blob: Blob, budget: Budget) -> Iterator[object]:
    """Harmless, once walked to the end."""
    walk = _Ubjson(Span(blob), budget)
    walk.value(walk.marker(), 0)
    if walk.at != blob.size:
        raise UnreadableError(f"{blob.size - walk.at} bytes after the UBJSON document")
    yield Harmless(at=blob.at, kind="UBJSON data (XGBoost)")


class _Ubjson:
    """A walk over UBJSON, https://ubjson.org. Mutable by nature."""

    def __init__(self, span: Span, budget: Budget) -> None:
        self.span = span
        self.budget = budget
        self.at = 0
        self.steps = 0

    def marker(self) -> bytes:
        """The next marker; no-ops are passed over."""
        while True:
            found = self.span.take(self.at, 1)
            self.at += 1
            if found != b"N":
                return found

    def count(self) -> int:
        """A length, in the integer type that its marker names."""
        kind = self.marker()
        if kind not in UBJ_COUNTS:
            raise UnreadableError(f"no length at byte {self.at - 1}")
        (value,) = self.span.unpack(UBJ_COUNTS[kind], self.at)
        self.at += UBJ_WIDTHS[kind]
        if not 0 <= value <= self.span.size:
            raise UnreadableError(f"a length of {value} at byte {self.at}")
        return value

    def value(self, kind: bytes, depth: int) -> None:
        """Step over one value."""
        self.steps += 1
        if self.steps % 4096 == 0:
            self.budget.check_time()
        if depth > DEEPEST:
            raise UnreadableError("UBJSON is nested too deeply")
        if kind in b"ZTF" and kind:
            return
        if kind in UBJ_WIDTHS:
            self.at = _skip(self.span, self.at, UBJ_WIDTHS[kind])
        elif kind in (b"S", b"H"):
            length = self.count()
            self.at = _skip(self.span, self.at, length)
        elif kind in (b"[", b"{"):
            self.container(kind == b"{", depth)
        else:
            raise UnreadableError(f"marker {kind!r} at byte {self.at - 1}")

    def container(self, keyed: bool, depth: int) -> None:
        """Step over an array or object, sized, typed or open."""
        kind, count = b"", -1
        if self.span.take(self.at, 1) == b"$":
            kind = self.span.take(self.at + 1, 1)
            self.at += 2
        if self.span.take(self.at, 1) == b"#":
            self.at += 1
            count = self.count()
        if kind and count >= 0 and not keyed and kind in UBJ_WIDTHS:
            self.at = _skip(self.span, self.at, count * UBJ_WIDTHS[kind])
            return
        end = b"}" if keyed else b"]"
        while count:
            if count < 0 and self.span.take(self.at, 1) == end:
                self.at += 1
                return
            count -= count > 0
            if keyed:
                length = self.count()
                self.at = _skip(self.span, self.at, length)
            self.value(kind or self.marker(), depth + 1)


def by_magic(name: str, kind: str, magic: bytes, fits: Callable[[Blob], bool]) -> Reader:
    """A reader of data that a signature and one consistency test tell."""

    def accepts(blob: Blob) -> bool:
        return blob.head(len(magic)) == magic and fits(blob)

    def read(blob: Blob, budget: Budget) -> Iterator[object]:
        yield Harmless(at=blob.at, kind=kind)

    return Reader(name=name, accepts=accepts, read=read)


def _catboost_fits(blob: Blob) -> bool:
    return blob.size >= 12 and 0 < struct.unpack("<I", blob.slice(4, 4))[0] <= blob.size - 8


def _level_table_fits(blob: Blob) -> bool:
    return blob.size >= 48 and blob.slice(blob.size - 8, 8) == b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def _ocdbt_fits(blob: Blob) -> bool:
    return blob.size >= 16 and struct.unpack("<Q", blob.slice(4, 8))[0] == blob.size


MSGPACK = Reader(name="msgpack", accepts=accepts_msgpack, read=read_msgpack)
UBJSON = Reader(name="ubjson", accepts=accepts_ubjson, read=read_ubjson)
CATBOOST = by_magic("catboost", "CatBoost model", b"CBM1", _catboost_fits)
CHECKPOINT_INDEX = by_magic("checkpoint-index", "index of a TensorFlow checkpoint", b"", _level_table_fits)
TENSORSTORE = tuple(
    by_magic("tensorstore", "Orbax/TensorStore tree", magic, _ocdbt_fits)
    for magic in (b"\x0c\xdb\x3a\x2a", b"\x0c\xdb\x20\xde", b"\x0c\xdb\x1c\xde")
)
READERS = (MSGPACK, UBJSON, CATBOOST, CHECKPOINT_INDEX, *TENSORSTORE)
