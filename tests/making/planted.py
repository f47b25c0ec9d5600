"""Texts with personal data in known places, beside things that only look like it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

FIRST = ("jane", "omar", "li", "sofia", "björn", "priya", "tom", "anke", "yuki", "lucas")
LAST = ("doe", "haddad", "wei", "rossi", "olsen", "nair", "o-brien", "schmidt", "sato", "silva")
DOMAINS = ("example.com", "mail.example.org", "uni-bonn.de", "firma.co.uk", "corp.example", "posteo.net", "web.io")
CARD_FORMS = (
    ("4", 16),
    ("51", 16),
    ("55", 16),
    ("2221", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("3530", 16),
    ("36", 14),
)
IBANS = {"DE": 18, "FR": 23, "GB": 18, "NL": 14, "ES": 20, "CH": 17, "PL": 24, "NO": 11}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A text, and what was planted in it as (kind, value)."""

    text: str
    kind: str = ""
    value: str = ""


def luhn_digit(body: str) -> str:
    """The digit that makes `body` pass, by the textbook."""
    total = 0
    for place, char in enumerate(reversed(body)):
        digit = int(char) * (2 if place % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return str(-total % 10)


def digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def card(chance: random.Random) -> str:
    prefix, length = chance.choice(CARD_FORMS)
    body = prefix + digits(chance, length - len(prefix) - 1)
    number = body + luhn_digit(body)
    if length == 16 and chance.random() < 0.6:
        mark = chance.choice(" -")
        return mark.join(number[i : i + 4] for i in range(0, 16, 4))
    return number


def iban(chance: random.Random) -> str:
    country = chance.choice(sorted(IBANS))
    letters = "ABCD" if country in ("GB", "NL") else ""
    body = letters + digits(chance, IBANS[country] - len(letters))
    moved = "".join(str(int(char, 36)) for char in body + country + "00")
    number = f"{country}{98 - int(moved) % 97:02d}{body}"
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4)) if chance.random() < 0.5 else number


def ssn(chance: random.Random) -> str:
    area = chance.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03d}-{chance.randint(1, 99):02d}-{chance.randint(1, 9999):04d}"


def email(chance: random.Random) -> str:
    mark = chance.choice((".", "_", "-", "+", ""))
    name = f"{chance.choice(FIRST)}{mark}{chance.choice(LAST)}{chance.choice(('', '1', '77'))}"
    return f"{name}@{chance.choice(DOMAINS)}"


def phone(chance: random.Random) -> str:
    area, exchange, line = f"{chance.randint(201, 989)}", f"{chance.randint(200, 999)}", digits(chance, 4)
    forms = (
        f"({area}) {exchange}-{line}",
        f"{area}-{exchange}-{line}",
        f"{area}.{exchange}.{line}",
        f"+1 {area} {exchange} {line}",
        f"+1-{area}-{exchange}-{line}",
        f"+44 20 {digits(chance, 4)} {digits(chance, 4)}",
        f"+49 30 {digits(chance, 6)}",
        f"+33 6 {' '.join(digits(chance, 2) for _ in range(4))}",
        f"0{chance.randint(1, 9)} {' '.join(digits(chance, 2) for _ in range(4))}",
        f"+91 9{digits(chance, 4)} {digits(chance, 5)}",
        f"020 7{digits(chance, 3)} {digits(chance, 4)}",
    )
    return chance.choice(forms)


def address(chance: random.Random) -> str:
    if chance.random() < 0.2:
        return f"2001:db8:{chance.randint(1, 9999)}::{chance.randint(1, 99)}:{chance.randint(1, 9999):x}"
    return f"{chance.randint(21, 126)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"


def login(chance: random.Random) -> str:
    scheme = chance.choice(("https", "postgres", "ftp", "redis"))
    return f"{scheme}://{chance.choice(FIRST[:4])}:{chance.choice(('hunter2', 'S3cr-et', 'Tr0ub4dor'))}@db.example.com"


def passport(chance: random.Random) -> str:
    return chance.choice("CXEK") + digits(chance, 8)


KINDS: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "data-email": (email, ("Write to {} today.", "My address: {}", "<{}> wrote:", "cc {}, thanks")),
    "data-phone": (phone, ("Call me at {} tomorrow.", "Reach us: {}.", "Our number is {}", "Tel. {} (office)")),
    "data-credit-card": (card, ("My card is {} ok?", "Pay with {}.", "number {}, thanks")),
    "data-iban": (iban, ("Transfer it to {}.", "IBAN: {}", "from {} please")),
    "data-ssn": (ssn, ("My SSN is {}.", "He gave {} as his number.", "social security {}")),
    "data-ip-address": (address, ("A login from {} failed.", "host {} answered", "The request came from {}.")),
    "data-url-credentials": (login, ("Connect to {}/x now.", "DATABASE={}")),
    "data-passport": (passport, ("Passport number {}.", "my passport no: {}", "passport {} expires soon")),
}


def look_alikes(chance: random.Random) -> str:
    """A sentence with something that is no personal data and looks like it."""

    def number(least: int, most: int) -> int:
        return chance.randint(least, most)

    def some(count: int) -> str:
        return digits(chance, count)

    def hexed(count: int) -> str:
        return "".join(chance.choice("0123456789abcdef") for _ in range(count))

    fifteen = some(15)
    wrong = fifteen + str((int(luhn_digit(fifteen)) + number(1, 9)) % 10)
    return chance.choice(
        (
            f"Upgrade to version {number(1, 12)}.{number(0, 30)}.{number(0, 99)}.{number(0, 200)}.",
            f"numpy=={number(1, 3)}.{number(0, 30)}.{number(0, 9)} and react@{number(1, 19)}.0.2",
            f"Order {wrong} has shipped.",
            f"The transaction id is {wrong}.",
            f"Order number {number(100, 999)}-{some(2)}-{some(4)} is late.",
            f"ISBN 978-{some(1)}-{some(2)}-{some(6)}-{some(1)} is out of print.",
            f"sha256 {hexed(64)}",
            f"commit {hexed(40)} fixes it",
            f"On 20{number(10, 29)}-0{number(1, 9)}-{number(10, 28)} at 10:{number(10, 59)}:07 it rained.",
            "@property\ndef size(self): return self.a @ self.b.T",
            "x = std::max<int>(a::b, 12345678);",
            f"pi is about 3.14159265358979{some(3)}",
            f"for i in range({some(7)}): total += i * {some(9)}",
            f"id 550e8400-e29b-41d4-a716-{some(12)}",
            f"It cost {number(1, 9)},{some(3)},{some(3)}.{some(2)} in {number(1900, 2025)}.",
            f"Section {number(1, 9)}.{number(1, 9)}.{number(1, 9)}.{number(1, 9)} says so.",
            f"timestamp {number(1_500_000_000, 1_900_000_000)}",
            "git@github.com:org/repo.git and icon@2x.png",
            f"Part {some(3)}-{some(3)}-{some(4)} is out of stock.",
            "It listens on 127.0.0.1 and 0.0.0.0 with mask 255.255.255.0.",
            f"DE00 {some(4)} {some(4)} is no account",
        )
    )


def corpus(seed: int, rows: int) -> list[Planted]:
    """Half of the rows hold one piece of personal data, half only something that looks like it."""
    chance = random.Random(seed)
    found = []
    for _ in range(rows):
        if chance.random() < 0.5:
            kind = chance.choice(sorted(KINDS))
            make, sentences = KINDS[kind]
            value = make(chance)
            found.append(Planted(text=chance.choice(sentences).format(value), kind=kind, value=value))
        else:
            found.append(Planted(text=look_alikes(chance)))
    return found
