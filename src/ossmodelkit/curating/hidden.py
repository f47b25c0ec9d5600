"""Characters that people do not see and models read.

Sources: Unicode Technical Report 36 (security), CVE-2021-42574 (bidirectional overrides in source text); tag
characters and variation selectors carry whole hidden sentences into prompts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

JOINERS = "\u200c\u200d"
HIDDEN = re.compile(
    "[\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u180e\U000e0000-\U000e007f\U000e0100-\U000e01ef]+"
)
BLACK_FLAG = "\U0001f3f4"
LATIN = re.compile("[A-Za-z]")
LOOKALIKE = re.compile("[\u0370-\u03ff\u0400-\u04ff]")
WORD = re.compile(r"[^\W\d_]{3,}")


def find(text: str) -> Iterator[tuple[int, int, str]]:
    """Every run of hidden characters that has no business there, as (start, end, what it is)."""
    if text.isascii():
        return
    for match in HIDDEN.finditer(text):
        if what := _what(text, match.start(), match.end()):
            yield match.start(), match.end(), what


def _what(text: str, start: int, end: int) -> str:
    run = text[start:end]
    codes = [ord(char) for char in run]
    if any(0xE0000 <= code <= 0xE007F for code in codes):
        if start and text[start - 1] == BLACK_FLAG and codes[-1] == 0xE007F:
            return ""
        said = "".join(chr(code - 0xE0000) for code in codes if 0xE0020 <= code <= 0xE007E)
        return f"{len(codes)} tag characters that spell {said[:60]!r}"
    if any(code >= 0xE0100 for code in codes):
        return "" if len(run) == 1 and start and ord(text[start - 1]) > 0x2E7F else f"{len(run)} variation selectors"
    if any(0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 for code in codes):
        return f"a bidirectional override (U+{codes[0]:04X})"
    if len(run) == 1 and (run in JOINERS or run in "\u200e\u200f\u2028\u2029"):
        return (
            ""
            if run not in JOINERS or _joins(text, start, end)
            else f"a joiner between plain letters (U+{codes[0]:04X})"
        )
    if run == "\ufeff" and start == 0:
        return ""
    names = ", ".join(sorted({f"U+{code:04X}" for code in codes}))
    return f"{len(run)} zero-width characters ({names})"


def _joins(text: str, start: int, end: int) -> bool:
    """Whether a joiner stands where scripts and emoji use one: beside something that is no Latin letter."""
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return any(ord(char) > 0x2AF for char in around)


def lookalikes(text: str) -> Iterator[str]:
    """Words that mix Latin letters with Greek or Cyrillic ones, such as `pаypal` with a Cyrillic a."""
    if text.isascii() or not LOOKALIKE.search(text):
        return
    for match in WORD.finditer(text):
        word = match[0]
        if not word.isascii() and LATIN.search(word) and LOOKALIKE.search(word) and not _is_unit(word):
            yield word


def _is_unit(word: str) -> bool:
    """`μm`, `Δt` and the like: one Greek letter in front."""
    return bool(LOOKALIKE.match(word)) and word[1:].isascii() and len(word) <= 4
