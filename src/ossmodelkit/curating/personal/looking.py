"""Find every piece of personal data in a text, quickly.

Most text holds none, so each kind is looked for only where its mark stands: an at sign, a scheme, a run
of digits. Where two kinds overlap the stricter one has the word.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator

from ossmodelkit.curating.personal import addresses, national, numbers, phones
from ossmodelkit.curating.personal.found import Found

DIGITS = re.compile(r"[+(\d](?:[ ().\-/]{0,3}\d){3,}", re.ASCII)
# A capital before two digits: numbers that begin with letters have that, and little else does.
LETTERED = re.compile(r"[A-Z][ -]?\d{2}", re.ASCII)
SHORTEST, SHORTEST_NATIONAL, SHORTEST_SSN, SHORTEST_CARD = 6, 8, 9, 12


def find(text: str, field: str = "") -> list[Found]:
    """Everything in `text`, in order, without overlaps."""
    taken: list[Found] = []
    if len(text) < SHORTEST:
        return taken
    if "://" in text and "@" in text:
        _take(taken, addresses.credentials(text))
    if "@" in text:
        _take(taken, addresses.emails(text))
    _take(taken, addresses.spelled_emails(text))
    runs = [match.span() for match in DIGITS.finditer(text) if match.end() - match.start() >= SHORTEST]
    if LETTERED.search(text):
        _take(taken, national.lettered(text, field))
    _take(taken, numbers.named_passports(text))
    if runs:
        _take(taken, numbers.ibans(text))
        for start, end in runs:
            _take(taken, _in_digits(text, start, end, field))
    if text.count(":") > 2:
        _take(taken, addresses.ipv6(text))
    return taken


def _in_digits(text: str, start: int, end: int, field: str) -> Iterator[Found]:
    length = end - start
    if length >= SHORTEST_NATIONAL:
        yield from national.in_digits(text, start, end, field)
    if text.count(".", start, end) >= 3:
        yield from addresses.ipv4(text, start, end, field)
    if length >= SHORTEST_CARD:
        yield from numbers.cards(text, start, end, field)
    if length >= SHORTEST_SSN:
        yield from numbers.social_security(text, start, end, field)
    yield from numbers.passports(text, start, end, field)
    yield from phones.phones(text, start, end, field)


def _take(taken: list[Found], more: Iterator[Found]) -> None:
    """Add what overlaps nothing; `taken` stays in order, so only two neighbors can be in the way."""
    for found in more:
        place = bisect(taken, found)
        free_before = not place or taken[place - 1].end <= found.start
        if free_before and (place == len(taken) or found.end <= taken[place].start):
            taken.insert(place, found)
