"""Check digits: what tells a card or an account from any other long number."""

from __future__ import annotations

DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
MAESTRO = frozenset({5018, 5020, 5038, 5893, 6304, 6390, 6759, 6761, 6762, 6763})
# Length of an IBAN by country (SWIFT IBAN Registry, release 99).
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = sum(map(int, digits[-1::-2])) + sum(DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether a payment network uses this prefix at this length, and the check digit fits.

    Prefixes: ISO/IEC 7812 issuer numbers as the networks publish them; all of 35, though JCB has
    3528 to 3589. A number of one repeated digit is none.
    """
    return _is_issued(digits) and len(set(digits)) > 1 and luhn(digits)


def _is_issued(digits: str) -> bool:
    length, two, four = len(digits), int(digits[:2]), int(digits[:4])
    if digits[0] == "4":
        return length in (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return length == 16
    if two in (34, 37):
        return length == 15
    if two in (36, 38, 39) or 300 <= int(digits[:3]) <= 305:
        return length in (14, 16)
    if four in (1800, 2131):
        return length == 15
    if two in (35, 62, 65) or four == 6011 or 644 <= int(digits[:3]) <= 649:
        return 16 <= length <= 19
    return 12 <= length <= 19 and (56 <= two <= 58 or four in MAESTRO)


def is_article_number(digits: str) -> bool:
    """Whether 13 digits are an EAN-13 by their check digit (GS1 General Specifications, section 7.9)."""
    return len(digits) == 13 and (sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether `text` (upper case, no spaces) has its country's length and check digits (ISO 13616-1, mod 97)."""
    if IBAN_LENGTHS.get(text[:2]) != len(text) or not text.isascii() or not text.isalnum():
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def is_ssn(area: str, group: str, serial: str) -> bool:
    """Whether the numbers were ever to be issued (SSA, POMS RM 10201.035); the famous printed samples are none."""
    if area in ("000", "666") or area >= "900" or group == "00" or serial == "0000":
        return False
    return (area, group, serial) not in (("078", "05", "1120"), ("219", "09", "9999"))
