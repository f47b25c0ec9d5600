"""Cards, accounts, social security, passport and phone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ossmodelkit.curating.personal.checksums import IBAN_LENGTHS, is_article_number, is_card, is_iban, is_ssn
from ossmodelkit.curating.personal.context import nearest
from ossmodelkit.curating.personal.found import Found

CARD = re.compile(
    r"(?<![\w.\-])(?:\d{4}([ .-]?)\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -]?)\d{6}\2\d{4,5}|\d{12,13})(?![\w]|[.\-]\d)",
    re.ASCII,
)
# Lengths that cards rarely have and other numbers often do.
SHORT_CARD = 13
SSN = re.compile(r"(?<![\w.\-/])(\d{3})([- ]?)(\d{2})\2(\d{4})(?![\w]|[-/.]\d)", re.ASCII)
IBAN_START = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})(\d{2})(?=[ -]?[A-Za-z0-9]{2})")
PASSPORT_WORDS = ("assport", "ASSPORT", "eisepass", "EISEPASS", "asseport", "asaporte", "assaport")
NAMED_PASSPORT = re.compile(
    r"(?i:passport|reisepass|passeport|pasaporte|passaport[eo])"
    r"(?:[\s:#.°º-]|\b(?i:number|no|num|nr|n|nummer|numéro|número|numero|is|was|id|de|di)\b){1,12}"
    r"(?<![A-Z0-9])((?=(?:[A-Z]*\d){3})[A-Z0-9]{7,10})(?!\w)"
)
PASSPORT = re.compile(r"[A-Z]{0,3}\d{6,9}[A-Z]?(?![\w])", re.ASCII)


def ibans(text: str) -> Iterator[Found]:
    """Account numbers with their country's length and fitting check digits, in blocks of four or in one piece."""
    for match in IBAN_START.finditer(text):
        length = IBAN_LENGTHS.get(match[1].upper())
        if length is None:
            continue
        end = _take(text, match.start(), length)
        if end and is_iban(text[match.start() : end].replace(" ", "").replace("-", "").upper()):
            yield Found(match.start(), end, "data-iban", text[match.start() : end])


def _take(text: str, start: int, length: int) -> int:
    """The end of `length` letters and digits from `start`, each with a space or hyphen before it at most; 0 if less."""
    at, left = start, length
    while left and at < len(text):
        if text[at].isalnum():
            left -= 1
        elif text[at] not in " -" or text[at - 1] in " -":
            return 0
        at += 1
    ends_here = at >= len(text) or not text[at].isalnum()
    return at if not left and ends_here else 0


def cards(text: str, start: int, end: int, field: str) -> Iterator[Found]:
    """Payment card numbers between `start` and `end`; a short one gives way to an article or order number."""
    for match in CARD.finditer(text, start, min(len(text), end + 2)):
        digits = "".join(char for char in match[0] if char.isdigit())
        if not is_card(digits):
            continue
        if len(digits) <= SHORT_CARD:
            word = nearest(text, match.start(), field)
            if word in ("other", "phone", "version") or (word != "card" and is_article_number(digits)):
                continue
        yield Found(match.start(), match.end(), "data-credit-card", match[0])


def social_security(text: str, start: int, end: int, field: str) -> Iterator[Found]:
    """`123-45-6789`; with blanks or in one piece only where the text says what it is."""
    for match in SSN.finditer(text, start, min(len(text), end + 2)):
        if not is_ssn(match[1], match[3], match[4]):
            continue
        word = nearest(text, match.start(), field)
        if word == "ssn" or (match[2] == "-" and word not in ("other", "version", "phone")):
            yield Found(match.start(), match.end(), "data-ssn", match[0])


def passports(text: str, start: int, end: int, field: str) -> Iterator[Found]:
    """A number of six to nine digits that the words before it call a passport's."""
    begin = start
    while begin > 0 and start - begin < 3 and text[begin - 1].isalpha() and text[begin - 1].isupper():
        begin -= 1
    if begin and text[begin - 1].isalnum():
        return
    match = PASSPORT.match(text, begin, min(len(text), end + 2))
    if match and nearest(text, begin, field) == "passport":
        yield Found(begin, match.end(), "data-passport", match[0])


def named_passports(text: str) -> Iterator[Found]:
    """Letters and digits in any order, right behind the word for a passport."""
    if any(word in text for word in PASSPORT_WORDS):
        for match in NAMED_PASSPORT.finditer(text):
            yield Found(*match.span(1), "data-passport", match[1])
