"""The fingerprint file: word pairs of known license texts as 24-bit hashes, and no text.

Layout: magic, u32 length of the header, the header as compressed JSON, then one compressed block for each
text: the gaps between the ascending hashes of its pairs as u32, then a byte of count each. A count of nothing
marks a pair that may stand instead of others. Only the blocks of likely texts are ever unpacked: a sketch of
each stands in the header.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import accumulate, chain, pairwise
from typing import Any

from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import KitError

MAGIC = b"KITLFP2\n"
FILE = "license-fingerprints.bin"
SKETCH = 24
KEPT_UNPACKED = 256  # texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One known text.

    `strict` says that its siblings differ in single words, so nothing may differ. `requires` and `forbids`
    hold phrases that a short license must and must not contain. `blanks` are the pairs of words before and
    behind a place where names are filled in. `title` is how many pairs its heading has, which copies leave out,
    and `first` its first pair. `kind` is license or policy.
    """

    id: str
    source: str
    kind: str
    strict: bool
    words: int
    pairs: int
    material: Mapping[str, int]
    sketch: tuple[int, ...]
    requires: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    blanks: tuple[int, ...] = ()
    title: int = 0
    first: int = 0
    block: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """All known texts, and the bytes their pairs stand in."""

    known: tuple[Known, ...]
    data: bytes
    _sketches: dict[int, list[int]] = field(default_factory=dict, repr=False, compare=False)

    def sketched(self, distinct: Iterable[int]) -> Counter[int]:
        """For each known text, by its index, how many pairs of its sketch are among `distinct`."""
        if not self._sketches:
            for index, one in enumerate(self.known):
                for pair in one.sketch:
                    self._sketches.setdefault(pair, []).append(index)
        return Counter(chain.from_iterable(map(self._sketches.__getitem__, self._sketches.keys() & distinct)))

    def pairs_of(self, one: Known) -> Mapping[int, int]:
        """How often each pair occurs in a known text."""
        return _unpacked(self.data[one.block[0] : one.block[0] + one.block[1]])


def pack(entries: Iterable[tuple[Known, Counter[int]]]) -> bytes:
    """The file's bytes."""
    blocks: list[bytes] = []
    header: list[dict[str, Any]] = []
    offset = 0
    for known, pairs in entries:
        hashes = sorted(pairs)
        gaps = struct.pack(f"<{len(hashes)}I", *(after - before for before, after in pairwise((0, *hashes))))
        block = zlib.compress(gaps + bytes(min(pairs[one], 255) for one in hashes), 9)
        entry = {
            "id": known.id,
            "source": known.source,
            "kind": known.kind,
            "strict": known.strict,
            "words": known.words,
            "pairs": known.pairs,
            "material": dict(sorted(known.material.items())),
            "sketch": [one for one in hashes if pairs[one]][:SKETCH],
            "requires": list(known.requires),
            "forbids": list(known.forbids),
            "blanks": sorted(known.blanks),
            "title": known.title,
            "first": known.first,
            "block": [offset, len(block)],
        }
        header.append(entry)
        blocks.append(block)
        offset += len(block)
    packed = zlib.compress(json.dumps(header, separators=(",", ":"), sort_keys=True).encode(), 9)
    return MAGIC + struct.pack("<I", len(packed)) + packed + b"".join(blocks)


def unpack(raw: bytes) -> Library:
    """The library in a file's bytes."""
    if not raw.startswith(MAGIC):
        raise KitError("the license fingerprints are damaged", hint="reinstall ossmodelkit")
    (length,) = struct.unpack_from("<I", raw, len(MAGIC))
    start = len(MAGIC) + 4
    header = json.loads(zlib.decompress(raw[start : start + length]))
    known = tuple(Known(**{key: _frozen(value) for key, value in entry.items()}) for entry in header)
    return Library(known=known, data=raw[start + length :])


@cache
def library() -> Library:
    """The shipped library."""
    return unpack(resources.config(FILE).read_bytes())


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@lru_cache(maxsize=KEPT_UNPACKED)
def _unpacked(block: bytes) -> Mapping[int, int]:
    data = zlib.decompress(block)
    count = len(data) // 5
    return dict(zip(accumulate(struct.unpack_from(f"<{count}I", data)), data[4 * count :], strict=True))
