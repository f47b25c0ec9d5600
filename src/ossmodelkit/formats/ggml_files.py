"""What came before GGUF: ggml, ggmf, ggjt, LoRA adapters (ggla) and importance matrices.

Layouts: llama.cpp's convert.py, llama.cpp and convert-lora-to-ggml.py of spring 2023, whisper.cpp. They hold
numbers and a vocabulary and name no code; what is checked is that every length fits, up to the last byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ossmodelkit.formats.gguf import BLOCKS
from ossmodelkit.formats.harmless import Harmless
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

GGML, GGMF, GGJT, GGLA = b"lmgg", b"fmgg", b"tjgg", b"algg"
MAGICS = (GGML, GGMF, GGJT, GGLA)
LLAMA_FIELDS, WHISPER_FIELDS = 7, 11
MOST_TOKENS, LONGEST_TOKEN, MOST_DIMENSIONS = 1 << 20, 1 << 16, 4
ALIGNMENT, NEW_BLOCKS = 32, 3
# Before version 3 of ggjt a block kept its scale in four bytes.
OLD_BLOCKS = BLOCKS | {2: (32, 20), 3: (32, 24), 4: (16, 10), 5: (16, 12), 8: (32, 36)}


def accepts(blob: Blob) -> bool:
    """One of the four magic numbers."""
    return blob.head(4) in MAGICS


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """Harmless, once walked to the last byte.

    Raises `UnreadableError` where a length does not fit.
    """
    walk = _Walk(Span(blob), budget)
    magic = blob.head(4)
    version = _version(walk.span) if magic == GGJT else 0
    walk.at = 4 if magic == GGML else 8
    if magic == GGLA:
        walk.at += 8
    elif magic == GGML and walk.looks_like_whisper():
        walk.whisper_head()
    else:
        walk.blocks = BLOCKS if version >= NEW_BLOCKS else OLD_BLOCKS
        fields = walk.numbers(LLAMA_FIELDS)
        walk.tokens(fields[0], scored=magic != GGML)
    while walk.at < walk.span.size:
        walk.tensor(aligned=magic in (GGJT, GGLA))
    yield Harmless(at=blob.at, kind="a model of ggml before GGUF")


def _version(span: Span) -> int:
    """The version that follows the magic number."""
    return span.unpack("<I", 4)[0]


class _Walk:
    """A place in the file. Mutable by nature."""

    def __init__(self, span: Span, budget: Budget) -> None:
        self.span = span
        self.budget = budget
        self.at = 0
        self.blocks = BLOCKS

    def numbers(self, count: int) -> tuple[int, ...]:
        """So many signed numbers of four bytes."""
        found = self.span.unpack(f"<{count}i", self.at)
        self.at += 4 * count
        return found

    def skip(self, count: int, most: int) -> None:
        """Step over bytes that must be there."""
        if not 0 <= count <= most or self.at + count > self.span.size:
            raise UnreadableError(f"{count} bytes announced at byte {self.at}, more than fit")
        self.at += count

    def looks_like_whisper(self) -> bool:
        """Whether audio settings follow: 1500 positions and 80 or 128 bands."""
        fields = self.span.unpack(f"<{WHISPER_FIELDS}i", 4)
        return fields[1] == 1500 and fields[9] in (80, 128)

    def whisper_head(self) -> None:
        """Settings, the filters, then the vocabulary."""
        self.numbers(WHISPER_FIELDS)
        bands, bins = self.numbers(2)
        self.skip(4 * bands * bins, self.span.size)
        (count,) = self.numbers(1)
        self.tokens(count, scored=False)

    def tokens(self, count: int, *, scored: bool) -> None:
        """A vocabulary: lengths and texts, later with a score each."""
        if not 0 <= count <= MOST_TOKENS:
            raise UnreadableError(f"a vocabulary of {count}")
        for number in range(count):
            if number % 4096 == 0:
                self.budget.check_time()
            (length,) = self.numbers(1)
            self.skip(length, LONGEST_TOKEN)
            self.at += 4 * scored

    def tensor(self, *, aligned: bool) -> None:
        """One tensor: dimensions, name, type, numbers."""
        self.budget.spend_member()
        dimensions, length, kind = self.numbers(3)
        if not 1 <= dimensions <= MOST_DIMENSIONS:
            raise UnreadableError(f"a tensor of {dimensions} dimensions at byte {self.at}")
        shape = self.numbers(dimensions)
        self.skip(length, LONGEST_TOKEN)
        if aligned:
            self.at += -self.at % ALIGNMENT
        if kind not in self.blocks or min(shape) < 0:
            raise UnreadableError(f"a tensor of type {kind} at byte {self.at}")
        weights, size = self.blocks[kind]
        self.skip(prod(shape) * size // weights, self.span.size)


def accepts_matrix(blob: Blob) -> bool:
    """An importance matrix begins with a count and the name of a tensor."""
    head = blob.head(128)
    if len(head) < 16:
        return False
    count, length = int.from_bytes(head[:4], "little"), int.from_bytes(head[4:8], "little")
    name = head[8 : 8 + length]
    return 0 < count < 1 << 16 and 4 < length <= 100 and name.isascii() and name.endswith(b".weight")


def read_matrix(blob: Blob, budget: Budget) -> Iterator[object]:
    """Harmless, once walked to the last byte: names with sums, then the count of chunks and the data set's name."""
    walk = _Walk(Span(blob), budget)
    (count,) = walk.numbers(1)
    for _ in range(count):
        budget.spend_member()
        walk.skip(walk.numbers(1)[0], LONGEST_TOKEN)
        _, values = walk.numbers(2)
        walk.skip(4 * values, walk.span.size)
    if walk.at < walk.span.size:
        walk.numbers(1)
        walk.skip(walk.numbers(1)[0], LONGEST_TOKEN)
    if walk.at != walk.span.size:
        raise UnreadableError(f"{walk.span.size - walk.at} bytes after the importance matrix")
    yield Harmless(at=blob.at, kind="importance matrix of llama.cpp")


READER = Reader(name="ggml", accepts=accepts, read=read)
MATRIX = Reader(name="imatrix", accepts=accepts_matrix, read=read_matrix)
