"""Where the tensors of a file lie: name, type, shape, and the bytes; no tensor is read.

One shape for safetensors, torch and GGUF, so that two models can be held against each other whatever
each is kept in. Types have the words of safetensors (F32, BF16, …) or, for blocks of GGUF, those of ggml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

from ossmodelkit.formats import gguf, safetensors, strict_json
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.zip_locals import LOCAL
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

PICKLE_2 = b"\x80\x02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """`size` bytes from `offset` of the file `file`; the first side of `shape` is the slowest.

    `strides` (in elements) is empty where the elements lie in the order of the shape, as they mostly do.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    offset: int
    size: int
    strides: tuple[int, ...] = ()

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


def tensors_of(blob: Blob, budget: Budget) -> tuple[Tensor, ...] | None:
    """Every tensor of a file in the order of its table; None where the bytes are no format of tensors.

    Raises `UnreadableError` for a table that breaks its format's rules.
    """
    table = _table_for(blob)
    return None if table is None else tuple(table(blob, budget))


def _table_for(blob: Blob) -> Callable[[Blob, Budget], Iterator[Tensor]] | None:
    if gguf.accepts(blob):
        from ossmodelkit.formats import gguf_tensors

        return gguf_tensors.table
    if safetensors.accepts(blob):
        return _safetensors
    if blob.head(4) == LOCAL or blob.head(2) == PICKLE_2:  # torch tells a zip by the same four bytes
        from ossmodelkit.formats import torch_tensors

        return torch_tensors.table
    return None


def _safetensors(blob: Blob, budget: Budget) -> Iterator[Tensor]:
    for item in safetensors.read(blob, budget):
        if isinstance(item, safetensors.Safetensors) and item.defects:
            raise UnreadableError(f"a broken header: {item.defects[0].saw}", hint="see the findings about the file")
    length = int.from_bytes(blob.head(8), "little")
    header = strict_json.parse(blob.slice(8, length)).value
    header.pop("__metadata__", None)
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        yield Tensor(
            name=name,
            dtype=entry["dtype"],
            shape=tuple(entry["shape"]),
            file=blob.at.path,
            offset=8 + length + begin,
            size=end - begin,
        )
