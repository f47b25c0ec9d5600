"""A license text as words: without layout, markup, list marks and real copyright lines.

Only a line that *is* a copyright line is dropped: it begins with the word or the sign and holds a year,
a sign or a placeholder. A wrapped sentence that happens to begin with "copyright notice" is the
condition that tells ISC from 0BSD, and stays.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter

from ossmodelkit.licensing import material

# Blanks without line ends: a lead that may run over lines would walk a file of empty lines once for each of them.
LEAD = r"^[ \t#*/;>|.\-\"'`]{0,40}"
YEAR = r"(?:19|20)\d\d"
PLACEHOLDER = (
    r"[<\[{(]\s*(?:yyyy|year|name|date|dates|owner|insert)|\byear\b.{0,40}\b(?:by|name|owner|author|copyright)\b"
)
COPYRIGHT_LINE = re.compile(
    rf"{LEAD}(?:(?:portions\s+|parts\s+|all\s+)?copyright\b(?=.{{0,200}}(?:\b{YEAR}\b|\(c\)|©|{PLACEHOLDER}))"
    rf"|(?:©|\(c\)\s+(?:copyright|{YEAR})|{YEAR}[\s,0-9\-–]{{0,80}}©))[^\n]*$",
    re.I | re.M,
)
# A line that says more than who holds the rights is no copyright line, whatever it begins with.
SAYS_MORE = (material.ADDS_TERMS | {"hereby", "granted", "use", "warranty"}) - material.IN_NAMES
RIGHTS_LINE = re.compile(r"^[ \t#*/;>|]{0,40}all rights reserved\.?[ \t*]*$", re.I | re.M)
# Marks of lists are dropped wherever they stand: whoever wraps a text anew moves them away from the line's start.
ENUMERATOR = re.compile(r"(?:(?<=\s)|^|(?<=\())[0-9]{1,2}(?:\.[0-9]{1,2})*[.):]+(?=\s)")
ROMAN = frozenset({"ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"})
COMMENT = re.compile(r"^[ \t]*(?://+|/\*+|\*+/|\*(?=\s|$)|#+|;+|>+|rem\b|dnl\b)[ \t]?", re.I | re.M)
TAG = re.compile(r"<!--[^<]{0,500}-->|</?[a-z][^<>\n]{0,200}>", re.I | re.S)
LINK = re.compile(r"\[([^\]\n]{1,200})\]\([^()\s]{1,300}\)")
WORD = re.compile(r"[a-z0-9]+")
SPELLINGS = {
    "licence": "license", "licences": "licenses", "licenced": "licensed", "sublicence": "sublicense",
    "noncommercial": "non commercial", "copyrightholder": "copyright holder", "http": "", "https": "", "www": "",
}  # fmt: skip
LONGEST = 400_000


def words(text: str) -> list[str]:
    """The words of a text, lower case, in order."""
    text = unicodedata.normalize("NFKC", text[:LONGEST].replace("©", "(c)")).replace("\r\n", "\n").replace("\r", "\n")
    text = LINK.sub(r"\1", TAG.sub(" ", text))
    text = re.sub(r"\\([.\-_*#()\[\]])", r"\1", text)
    text = COMMENT.sub("", text)
    text = RIGHTS_LINE.sub("", COPYRIGHT_LINE.sub(_unless_it_says_more, text))
    text = re.sub(r"[’'`´]", "", ENUMERATOR.sub(" ", text).lower())
    found = [word for word in WORD.findall(text) if word not in ROMAN and (len(word) > 1 or word.isdigit())]
    if SPELLINGS.keys() & set(found):
        found = [part for word in found for part in SPELLINGS.get(word, word).split()]
    return found


def _unless_it_says_more(line: re.Match[str]) -> str:
    return line[0] if SAYS_MORE.intersection(WORD.findall(line[0].lower())) else ""


def pair_hash(one: str, other: str) -> int:
    """24 bits that stand for two words in a row."""
    return zlib.crc32(f"{one} {other}".encode()) & 0xFFFFFF


def pairs(found: list[str]) -> Counter[int]:
    """How often every pair of neighbours occurs."""
    return Counter(map(pair_hash, found, found[1:]))
