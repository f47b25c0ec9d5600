"""Words, runs of words, and numbers that stand for them: what duplicates and contamination are found by.

The numbers are CRC-32: fast, and the same on every machine. Where two texts must not be mixed up, BLAKE2b
stands behind it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from itertools import accumulate

WORD = re.compile(r"\w+")
# Scripts that set no spaces (Thai, Lao, Khmer, Myanmar, kana, Han): each character is a word there.
UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
HAS_UNSPACED = re.compile(UNSPACED)
UNSPACED_WORD = re.compile(rf"{UNSPACED}|(?:(?!{UNSPACED})\w)+")
WHOLE = 0xFFFFFFFF


def words(text: str) -> list[str]:
    """The words of a text, in lower case and compatibility form (NFKC), without punctuation."""
    if text.isascii():
        return WORD.findall(text.lower())
    plain = unicodedata.normalize("NFKC", text).lower()
    return (UNSPACED_WORD if HAS_UNSPACED.search(plain) else WORD).findall(plain)


def grams(found: list[str], length: int) -> list[int]:
    """A number of 32 bits for every run of `length` words; one for the whole where there are fewer.

    CRC-32 over the words without spaces: two runs that differ only in where words end count as one.
    """
    if not found:
        return []
    data = "".join(found).encode("utf-8", "surrogatepass")
    if len(found) <= length:
        return [zlib.crc32(data)]
    sizes = map(len, found if len(data) == sum(map(len, found)) else map(_encoded, found))
    ends = list(accumulate(sizes))
    runs = map(slice, [0, *ends], ends[length - 1 :])
    return list(map(zlib.crc32, map(data.__getitem__, runs)))


def _encoded(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")


def digest(found: list[str]) -> int:
    """64 bits that stand for these words in this order."""
    return text_digest(" ".join(found))


def text_digest(text: str) -> int:
    """64 bits that stand for a text; only the amount of white space does not matter."""
    data = " ".join(text.split()).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")
