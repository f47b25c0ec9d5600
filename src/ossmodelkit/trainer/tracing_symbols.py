"""From the numbers of a tiny trace back to the letters they stand for.

Every size of the tiny configuration owns a prime that no other size and no sum of sizes holds, so a
product of them can be read back: 13 x 1009 x 1688 numbers can only be batch x tokens x hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from ossmodelkit.trainer.troubles import Trouble

# symbol: (size in the trace, its prime)
SYMBOLS: dict[str, tuple[int, int]] = {
    "B": (13, 13),
    "T": (1009, 1009),
    "S": (1013, 1013),  # tokens and learned prompt tokens of a sequence
    "H": (11 * 17 * 8 * 211, 211),  # a multiple of the query heads, as transformers demands
    "I": (8 * 127, 127),
    "M": (8 * 149, 149),
    "J": (8 * 157, 157),
    "K": (11, 11),
    "G": (17, 17),  # query heads for each key/value head
    "F": (19, 19),  # G + 2: rows of a fused query-key-value projection for each key/value head
    "D": (8 * 29, 29),
    "V": (4099, 4099),
    "E": (31, 31),
    "C": (5, 5),
    "R": (9001, 9001),  # rows of logits in the first chunk of a chunked loss; W: in the second
    "r": (43, 43),
    "X": (2003, 2003),
    "U": (37, 37),
    "p": (23, 23),
    "c": (41, 41),
    "Z": (2 * 1009 - 1, 2017),  # relative positions
}
PROMPT_TOKENS = 4
SMALL = 4096  # bytes below which an odd size may stand as a constant


class Letters:
    """Reads sizes; `values` replaces sizes (a family may tie some together), `nearly` maps whole sides to letters."""

    def __init__(self, values: Mapping[str, int], nearly: Mapping[int, str]) -> None:
        self.primes = {SYMBOLS[name][1]: name for name in values if name in SYMBOLS}
        self.values = dict(values)
        self.nearly = dict(nearly)

    def read(self, shape: tuple[int, ...], width: int, size: int) -> tuple[float, str]:
        """`(bytes, letters)`: the storage holds `bytes` times the product of the letters."""
        letters: list[str] = []
        plain = 1.0
        for side in shape:
            if side in self.nearly:
                letters.extend(self.nearly[side].split())
            else:
                factor, found = self._factors(side)
                plain *= factor
                letters.extend(found)
        whole = prod(shape) * width
        if whole != size and whole:
            plain *= size / whole
        if plain > SMALL and not letters and size > 2**20:
            raise Trouble(f"a storage of {size} bytes, shape {shape}, is no product of known sizes")
        return round(plain * width, 9), " ".join(sorted(letters))

    def _factors(self, number: int) -> tuple[float, list[str]]:
        found: list[str] = []
        plain = 1.0
        rest = number
        while "H" in self.values and rest and rest % self.values["H"] == 0:
            rest //= self.values["H"]
            found.append("H")
        for prime, name in self.primes.items():
            while rest and rest % prime == 0:
                rest //= prime
                found.append(name)
                plain *= prime / self.values[name]
        return plain * rest, found
