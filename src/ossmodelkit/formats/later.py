"""Readers whose modules are loaded only when bytes turn up that could be theirs.

Most scans meet two or three formats; loading the readers of all the others costs more than reading.
Every guard here lets through at least what its reader's own `accepts` lets through: a test holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

from ossmodelkit.formats.encodings import encoding_of
from ossmodelkit.formats.protobuf import document, sketch
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.limits import Budget

HDF5 = b"\x89HDF\r\n\x1a\n"
DATA_BEGINS = frozenset(bytes([code]) for code in (*b"O<H$MC_c123456789", *range(16), *range(105, 116)))
SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c"


@dataclass(frozen=True, slots=True, eq=False)
class _Later:
    """The two halves of a reader, by the name of its module and of its constant there."""

    module: str
    constant: str
    could_be: Callable[[Blob], bool]

    @property
    def reader(self) -> Reader:
        found: Reader = getattr(import_module(f"ossmodelkit.formats.{self.module}"), self.constant)
        return found

    def accepts(self, blob: Blob) -> bool:
        return self.could_be(blob) and self.reader.accepts(blob)

    def read(self, blob: Blob, budget: Budget) -> Iterable[object]:
        return self.reader.read(blob, budget)


def later(name: str, module: str, could_be: Callable[[Blob], bool], constant: str = "READER") -> Reader:
    """The reader `constant` of `formats.<module>`, loaded for bytes that `could_be` its format."""
    half = _Later(module, constant, could_be)
    return Reader(name=name, accepts=half.accepts, read=half.read)


def text(blob: Blob) -> bool:
    """Whether the first bytes fit an encoding."""
    return encoding_of(blob.head()) != ""


def gguf(blob: Blob) -> bool:
    """Whether the magic is there."""
    return blob.head(4) == b"GGUF"


def safetensors(blob: Blob) -> bool:
    """Whether an opening brace follows eight bytes, or may follow after blanks."""
    return blob.head(9)[8:] == b"{" or blob.name.endswith(".safetensors")


def seven_zip(blob: Blob) -> bool:
    """Whether the signature is there."""
    return blob.head(6) == SEVEN_ZIP


def hdf5(blob: Blob) -> bool:
    """Whether the signature stands at 0, 512, 1024, … as the library looks for it."""
    at = 0
    while at + 8 <= blob.size:
        if blob.slice(at, 8) == HDF5:
            return True
        at = at * 2 or 512
    return False


def tflite(blob: Blob) -> bool:
    """Whether the file identifier follows the root offset."""
    return blob.slice(4, 4) == b"TFL3"


def protobuf(blob: Blob) -> bool:
    """Whether the first few fields have sizes that fit."""
    return bool(sketch(document(blob), 4))


def rdata(blob: Blob) -> bool:
    """Whether the first letter is one that R's serialization begins with."""
    return blob.head(1) in (b"X", b"B", b"A", b"R")


def ggml(blob: Blob) -> bool:
    """Whether one of the magic numbers from before GGUF is there."""
    return blob.head(4) in (b"lmgg", b"fmgg", b"tjgg", b"algg")


def importance_matrix(blob: Blob) -> bool:
    """Whether a count of tensors stands first, and a short name follows."""
    head = blob.head(8)
    return len(head) == 8 and head[2:4] == b"\0\0" and 4 < int.from_bytes(head[4:], "little") <= 100


def data(blob: Blob) -> bool:
    """Whether the first byte is one that a table or a list of vectors begins with, or LMDB's mark is there."""
    return blob.head(1) in DATA_BEGINS or blob.slice(16, 4) == b"\xde\xc0\xef\xbe"
