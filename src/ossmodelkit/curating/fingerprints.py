"""Words, runs of words, and numbers that stand for them: what duplicates and contamination are found by.

The numbers are CRC-32 (fast, the same on every machine) with a multiplication on top, for CRC-32 alone is
linear; where two texts must not be mixed up, BLAKE2b stands behind it.
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
MULTIPLIER = 0x9E3779B1  # 2**32 divided by the golden ratio
WHOLE = 0xFFFFFFFF


def words(text: str) -> list[str]:
    """The words of a text, in lower case and compatibility form (NFKC), without punctuation."""
    if text.isascii():
        return WORD.findall(text.lower())
    plain = unicodedata.normalize("NFKC", text).lower()
    return (UNSPACED_WORD if HAS_UNSPACED.search(plain) else WORD).findall(plain)


def grams(found: list[str], length: int) -> list[int]:
    """A number of 32 bits for every run of `length` words; one for the whole where there are fewer."""
    if not found:
        return []
    data = " ".join(found).encode("utf-8", "surrogatepass")
    if len(found) <= length:
        return [zlib.crc32(data) * MULTIPLIER & WHOLE]
    raw = found if data.isascii() else [word.encode("utf-8", "surrogatepass") for word in found]
    ends = list(accumulate(len(word) + 1 for word in raw))
    crc = zlib.crc32
    pairs = zip([0, *ends], ends[length - 1 :], strict=False)
    return [crc(data[start : end - 1]) * MULTIPLIER & WHOLE for start, end in pairs]


def digest(found: list[str]) -> int:
    """64 bits that stand for these words in this order."""
    return text_digest(" ".join(found))


def text_digest(text: str) -> int:
    """64 bits that stand for a text; only the amount of white space does not matter."""
    data = " ".join(text.split()).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")
