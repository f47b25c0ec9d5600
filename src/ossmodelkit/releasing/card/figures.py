"""Which numbers in a sentence could be scores, however they are spelled; and whether a value rounds to one of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any

from ossmodelkit.foundation import resources

NUMBER = re.compile(
    r"(?<![0-9A-Za-zÀ-ɏ_.@#^])(?<![A-Za-z]-)(?<!\d[-/])"
    r"(\d{1,3}(?:,\d{3}){1,9}(?!\d)|\d+)([.,]\d+)?(?:[eE]([-+]?\d+))?"
    r"\s?(%|٪|percent\b|per cent\b|percentage points?\b|points?\b|pp\b|Prozent\b|pour cent\b|por ciento\b"
    r"|[kKMBGT](?:iB|B)?\b|million\b|billion\b|trillion\b)?"
)
PERCENT = ("%", "٪", "percent", "per cent", "percentage point", "percentage points", "point", "points", "pp", "Prozent",
           "pour cent", "por ciento")  # fmt: skip
SCALES = {"k": 10**3, "K": 10**3, "M": 10**6, "million": 10**6, "B": 10**9, "billion": 10**9, "T": 10**12, "G": 10**9,
          "trillion": 10**12, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "kiB": 2**10,
          "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}  # fmt: skip
# Names, dates, digests and addresses are made of digits and are no claims.
BESIDE = 40  # characters to either side that may say what a number is
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
NOT_A_CLAIM = re.compile(
    r"https?://\S+|\]\([^()\s]*\)|\b\d{4}-\d\d-\d\d(?:[T ][\d:]+Z?)?|\bv?\d+(?:\.\d+){2,}\S*|\b[0-9a-f]{12,}\b"
    r"|\[\^[^\[\]]*\]|\[\d{1,3}\]"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\.? (?:{MONTHS})[a-z]*\b|\b(?:{MONTHS})[a-z]* \d{{1,2}}\b|\b\d{{1,2}}:\d\d\b",
    re.I,
)
YEAR = re.compile(r"(?:19|20)\d\d")
SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS = {word: number for number, word in enumerate(SMALL.split(" "))}
WORDS |= {word: 20 + 10 * number for number, word in enumerate(TENS.split(" "))} | {"hundred": 100}
SPELLED = re.compile(
    r"\b((?:(?:" + "|".join(WORDS) + r")[\s-]?){1,6})(?:(?:point|\.)\s(" + "|".join(WORDS) + r")\s)?"
    r"(percent|per cent|%|(?:out )?of (?:a hundred|one hundred|ten)\b)",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number that could be a score: as printed, as a decimal text with its unit, and where it begins."""

    printed: str
    token: str
    unit: str
    at: int

    @property
    def looks_like_a_score(self) -> bool:
        """Whether its form alone speaks for a score: a percentage or a fraction."""
        return self.unit in PERCENT or "." in self.token


@cache
def words() -> Mapping[str, Any]:
    """What `configs/release/metrics.toml` knows."""
    return tomllib.loads(resources.config("release", "metrics.toml").read_text(encoding="utf-8"))


def figures(sentence: str) -> Iterator[Figure]:
    """Every number of a sentence that is no date, version, name, setting or count."""
    clean = NOT_A_CLAIM.sub(lambda found: " " * len(found[0]), sentence)
    for found in SPELLED.finditer(clean):
        yield _spelled(found)
    for found in NUMBER.finditer(clean):
        figure = _figure(found, clean)
        if not _is_setting(figure, clean[max(0, figure.at - BESIDE) : figure.at], clean[found.end() :][:BESIDE]):
            yield figure


def rounds_to(value: float, token: str, unit: str = "") -> bool:
    """Whether `token`, printed with this unit, is `value` as exactly as it is printed.

    Rounding never reaches a bound: 0.997 is neither 1 nor 100 %.
    """
    try:
        printed, exact = Decimal(token.replace(",", "")), Decimal(repr(value))
    except InvalidOperation:
        return False
    if not exact.is_finite():
        return False
    if unit in SCALES:
        return _is_rounded(exact / SCALES[unit], printed)
    if unit in PERCENT:
        return _is_rounded(exact * 100 if abs(exact) <= 1 else exact, printed)
    return _is_rounded(exact, printed)


def is_score(value: float, token: str, unit: str) -> bool:
    """The same for a score, which people print as a fraction or as a percentage without a sign."""
    if rounds_to(value, token, unit):
        at_a_bound = Decimal(token.replace(",", "")).copy_abs() in (0, 1) and abs(value) not in (0.0, 1.0)
        return not (at_a_bound and abs(value) < 1 and not unit)
    return not unit and abs(value) <= 1 and rounds_to(value, token, "%")


def _is_rounded(exact: Decimal, printed: Decimal) -> bool:
    step = Decimal(1).scaleb(min(0, int(printed.as_tuple().exponent)))
    if printed.copy_abs() == 100 and exact.copy_abs() != 100 and exact.copy_abs() < 101:
        return False
    for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP):
        try:
            if exact.copy_abs().quantize(step, rounding=mode) == printed.copy_abs():
                return True
        except InvalidOperation:
            continue
    return False


def _figure(found: re.Match[str], clean: str) -> Figure:
    whole, part, power = found[1], found[2] or "", found[3]
    token = whole.replace(",", "") + part.replace(",", ".") + (f"e{power}" if power else "")
    return Figure(printed=found[0].strip(), token=token, unit=found[4] or "", at=found.start(1))


def _spelled(found: re.Match[str]) -> Figure:
    parts = [WORDS[word] for word in re.split(r"[\s-]+", found[1].lower().strip(" -")) if word in WORDS]
    value = sum(part for part in parts if part < 100) * (100 if parts and parts[-1] == 100 and len(parts) > 1 else 1)
    value = value or (100 if 100 in parts else 0)
    token = str(value * 10 if found[3].lower().endswith("ten") else value)
    token += f".{WORDS[found[2].lower()]}" if found[2] else ""
    return Figure(printed=found[0].strip(), token=token, unit="%", at=found.start())


def _is_setting(figure: Figure, before: str, after: str) -> bool:
    if figure.unit in SCALES:
        return True
    if YEAR.fullmatch(figure.token) and not figure.unit and not re.search(r"\belo\W*$", before, re.I):
        return True
    known = words()["number"]
    left = re.search(r"([\w-]+)\W{0,3}$", before)
    if left and left[1].lower() in known["before"] and not figure.unit:
        return True
    right = re.match(r"[\s-]{0,2}([^\W\d_]+)", after)
    if right is None or figure.unit not in ("", "%"):
        return False
    word = right[1].lower()
    singular = {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y"}
    if figure.unit == "%":
        return not singular.isdisjoint(("confidence", "ci", "interval", "quantile", "percentile"))
    return not singular.isdisjoint(known["after"])
