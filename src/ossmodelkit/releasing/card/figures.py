"""Which numbers in a sentence could be scores, however they are spelled; and whether a value rounds to one of them."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any

from ossmodelkit.foundation import resources

NUMBER = re.compile(
    r"(?<![0-9A-Za-zÀ-ɏ_.@#^])(?<![A-Za-z]-)(?<!\d[-/])"
    r"(\d{1,3}(?:,\d{3}){1,9}(?!\d)|\d+|(?=\.\d))([.,]\d+)?(?:[eE]([-+]?\d+))?"
    r"\s?(%|٪|percent\b|per cent\b|percentage points?\b|points?\b|pp\b|Prozent\b|pour cent\b|por ciento\b"
    r"|[kKMBGT](?:iB|B)?\b|million\b|billion\b|trillion\b)?"
)
PERCENT = ("%", "٪", "percent", "per cent", "percentage point", "percentage points", "point", "points", "pp", "Prozent",
           "pour cent", "por ciento")  # fmt: skip
SCALES = {"k": 10**3, "K": 10**3, "M": 10**6, "million": 10**6, "B": 10**9, "billion": 10**9, "T": 10**12, "G": 10**9,
          "trillion": 10**12, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "kiB": 2**10,
          "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}  # fmt: skip
BESIDE = 40  # characters to either side that may say what a number is
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# Names, dates, digests and addresses are made of digits and are no claims.
NOT_A_CLAIM = re.compile(
    "|".join((
        r"https?://\S+", r"\]\([^()\s]*\)", r"\[\^[^\[\]]*\]", r"\[\d{1,3}\]",
        r"\bdoi:\s*\S+", r"\b10\.\d{4,9}/\S+", r"\barxiv:\S+", r"\b\d{4}\.\d{4,5}(?:v\d+)?\b(?!\s?%)",
        r"\b(?:iso|soc|en|iec|ieee|din|nist|gb/t|cve|pr|isbn|orcid)[ #:-]?\d[\d-]*(?: \d{3}\b)?",
        r"\b\d{4}-\d\d-\d\d(?:[T ][\d:]+Z?)?", r"\b\d{1,2}(?P<dot>[./])\d{1,2}(?P=dot)\d{2,4}\b",
        rf"\b\d{{1,2}}(?:st|nd|rd|th)?\.? (?:{MONTHS})[a-z]*\b", rf"\b(?:{MONTHS})[a-z]* \d{{1,2}}\b",
        r"\b\d{1,2}:\d\d\b", r"\b24/7\b", r"\b\d{1,3}/\d{1,3}(?= split\b)",
        r"\bv?\d+(?:\.\d+){2,}\S*", r"\b[0-9a-f]{12,}\b", r"\b\d+(?:-\d+){2,}\b", r"\+\d[\d ()-]{6,}",
        r"\b\d+ ?[x×](?=[a-z]?\d)", r"\bin \{[\d, ]+\}", r"\b(?:volume|pages|number|year) *= *\{[^{}]*\}",
        r"\bsquad ?v?[12]\.[01]\b", r"\bcommon voice \d{1,2}(?:\.\d)?\b",
    )),
    re.I,
)  # fmt: skip
# A share of rows that were set apart says nothing about how good a model is.
A_SHARE = re.compile(
    r"\s*(?:of (?:the |our |all )?(?:data|rows|examples|samples|corpus) (?:for|as)\b|held[ -]out\b|dropout\b)"
)
WHICH = r"(?:test|training|train|validation|evaluation|held-out|unique|random|human) "
LEFT = re.compile(r"([\w-]+)\W{0,3}((?:\b\d+(?:, | and | or |, and ))*)$")
COUNTED = re.compile(r"\d [\w-]+: *$")  # "on 3 seeds: 92.3"
YEAR = re.compile(r"(?:19|20)\d\d")
SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS = {word: number for number, word in enumerate(SMALL.split(" "))}
WORDS |= {word: 20 + 10 * number for number, word in enumerate(TENS.split(" "))} | {"hundred": 100}
ANY = "|".join(WORDS)
ONES, ROUND = SMALL.replace(" ", "|"), TENS.replace(" ", "|")
SPELLED = re.compile(
    rf"\b((?:(?:{ANY})[\s-]?){{1,6}})(?:(?:point|\.)\s({ANY})\s)?"
    r"(percent|per cent|%|(?:out )?of (?:a hundred|one hundred|ten)\b)",
    re.I,
)
# Without a unit, words are a score where they are said of something: "an accuracy of ninety".
SAID_OF = re.compile(
    r"(?:\b(?:of|is|was|at|over|above|nearly|about|around)|[:=])\s"
    rf"((?:{ROUND})(?:[\s-](?:{ONES}))?)(?:\spoint\s({ANY}))?(?=\s*(?:[.,;!?)]|$))()",
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
    text = resources.config("release", "metrics.toml").read_text(encoding="utf-8")
    return tomllib.loads(unicodedata.normalize("NFKC", text))  # as the text of a card is


def figures(sentence: str) -> Iterator[Figure]:
    """Every number of a sentence that is no date, version, name, setting or count."""
    clean = NOT_A_CLAIM.sub(lambda found: " " * len(found[0]), sentence)
    for spelled in (SPELLED, SAID_OF):
        yield from (_spelled(found) for found in spelled.finditer(clean))
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
    if not (exact.is_finite() and printed.is_finite()):
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
    return Figure(printed=found[0].strip(), token=token, unit="%", at=found.start(1))


def _is_setting(figure: Figure, before: str, after: str) -> bool:
    if figure.unit in SCALES:
        return True
    if YEAR.fullmatch(figure.token) and not figure.unit and not re.search(r"\belo\W*$", before, re.I):
        return True
    left = LEFT.search(before)
    measured = before.rstrip(" :=|").lower().endswith(tuple(words()["names"])) or COUNTED.search(before)
    if left and not measured and _names_a_setting(left[1].lower(), figure, several=bool(left[2])):
        return True
    if figure.unit == "%" and A_SHARE.match(after):
        return True
    right = re.match(rf"[\s-]{{0,2}}(?:{WHICH})?([^\W\d_]+)", after)
    if right is None or figure.unit not in ("", "%"):
        return False
    counted = ("confidence", "ci", "interval", "quantile", "percentile") if figure.unit else words()["number"]["after"]
    return not _singular(right[1].lower()).isdisjoint(counted)


def _names_a_setting(word: str, figure: Figure, *, several: bool) -> bool:
    """Whether the word left of a number says that it is one; of `several` numbers, a plural says it of all."""
    known = words()["number"]
    if figure.unit:
        return figure.unit == "%" and word in ("level", "confidence")
    if several:
        return word.endswith("s") and word in known["before"] and "." not in figure.token
    names = {word, *(word.split("_") if "_" in word else ())}
    return any(name in known["before"] or (name != word and _singular(name) & {*known["after"]}) for name in names)


def _singular(word: str) -> set[str]:
    return {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y"}
