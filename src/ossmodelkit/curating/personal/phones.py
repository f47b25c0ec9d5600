"""Phone numbers: by plan where the plan tells enough, by the words around where it does not.

Sources: ITU-T E.164 (at most 15 digits); NANP (area and exchange begin with 2 to 9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ossmodelkit.curating.personal.context import nearest
from ossmodelkit.curating.personal.found import Found

# How the international prefix, a trunk zero or an area code in brackets look when they stand out on their own.
NANP = re.compile(
    r"(?<![\w.+/#-])(?<!\d )(?:(?:\+|00)?1[ .\-]?)?"
    r"(?:\(\d{3}\)[ .\-]?\d{3}[ .\-]|\d{3}-\d{3}-|[2-9]\d{2}(?P<mark>[ .\-])[2-9]\d{2}(?P=mark))\d{4}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w/]|-\w|\.\d| \d{2,})",
    re.ASCII,
)
PLUS = re.compile(
    r"(?<![\w+])(?:\+1[ .\-]?\(?\d{3}\)?[ .\-]?\d{3}[ .\-]?\d{4}(?:\s?(?:x|ext\.?)\s?\d{1,6})?"
    r"|\+[1-9]\d{0,2}(?: ?\(0\))?(?:[ .\-/]?\(?\d{1,12}\)?){1,6})(?![\w])",
    re.ASCII,
)
ZEROS = re.compile(r"(?<![\w.+/-])(?<!\d )00[1-9]\d{0,2}[ .\-/](?:[ .\-/]?\d{2,9}){2,5}(?![\w])", re.ASCII)
FRENCH = re.compile(r"(?<![\w.+/-])(?<!\d )0[1-9]([ .\-])\d{2}(?:\1\d{2}){3}(?![\w]|[ .\-]\d)", re.ASCII)
TRUNK = re.compile(
    r"(?<![\w.+/-])(?<!\d )(?:\(0\d{1,4}\)[ \-]?|0\d{1,4}[ \-/])\d{2,8}(?:[ \-]\d{2,6}){0,3}(?![\w/]|-\w|\.\d)",
    re.ASCII,
)
BRACKETS = re.compile(r"(?<![\w.+/-])\(\d{2,5}\) ?\d{3,5}[ \-]\d{4}(?![\w/]|-\w|\.\d)", re.ASCII)
LOOSE = re.compile(r"(?<![\w+./])\(?\d(?:[ .\-/()]{0,2}\d){6,14}(?![\w]|\.\d)", re.ASCII)
DATE = re.compile(r"(?:19|20)\d\d[-/. ][01]?\d[-/. ][0-3]?\d|[0-3]?\d[-/.][01]?\d[-/.](?:19|20)\d\d")
# A social security number that was never issued, and a postal code of the US (ZIP+4), are no phone numbers.
# So is a span of years.
SHAPED_OTHERWISE = re.compile(r"\d{3}-\d{2}-\d{4}|\d{5}-\d{4}|(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d")

# Which forms are enough by themselves; each with the fewest and the most digits it may have.
PLAIN = ((PLUS, 8, 15), (ZEROS, 9, 17), (NANP, 10, 19), (FRENCH, 10, 10), (TRUNK, 9, 11), (BRACKETS, 9, 13))


def phones(text: str, start: int, end: int, field: str) -> Iterator[Found]:
    """Phone numbers between `start` and `end`; a bare run of digits needs a word that calls it one."""
    stop = min(len(text), end + 8)
    for pattern, fewest, most in PLAIN:
        for match in pattern.finditer(text, start, stop):
            if _fits(match, fewest, most) and _not_something_else(text, match, field):
                yield Found(match.start(), match.end(), "data-phone", match[0])
    for match in LOOSE.finditer(text, start, stop):
        if _fits(match, 7, 15) and nearest(text, match.start(), field) == "phone":
            yield Found(match.start(), match.end(), "data-phone", match[0])


def _fits(match: re.Match[str], fewest: int, most: int) -> bool:
    digits = sum(char.isdigit() for char in match[0])
    return fewest <= digits <= most and not DATE.match(match[0]) and not SHAPED_OTHERWISE.fullmatch(match[0])


def _not_something_else(text: str, match: re.Match[str], field: str) -> bool:
    """A number that the text calls an order, a version or a card is none, unless it has the plus sign."""
    return match[0].startswith("+") or nearest(text, match.start(), field) in ("", "phone", "ip")
