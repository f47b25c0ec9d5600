"""Personal data that has a form is found, and what only looks like it is let be."""

from __future__ import annotations

from collections import Counter

import pytest

from ossmodelkit.curating.personal.checksums import is_card, is_iban, luhn
from ossmodelkit.curating.personal.found import masked
from ossmodelkit.curating.personal.looking import find
from tests.making.feeds import findings
from tests.making.planted import KINDS, corpus, digits, luhn_digit


@pytest.mark.parametrize("seed", [1, 2])
def test_every_kind_is_found_in_a_planted_corpus(seed: int) -> None:
    """F1 of 0.95 for each kind, look-alikes in every second row."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for planted in corpus(seed, 3_000):
        wanted = {(planted.kind, planted.value)} if planted.kind else set()
        got = {(found.rule, found.text) for found in find(planted.text)}
        right.update(kind for kind, _ in wanted & got)
        wrong.update(kind for kind, _ in wanted ^ got)
    scores = {kind: 2 * right[kind] / (2 * right[kind] + wrong[kind]) for kind in KINDS}
    assert min(scores.values()) >= 0.95, scores


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        pytest.param("call 555-123-4567 now", "data-phone", "555-123-4567", id="film number"),
        pytest.param("my phone is 4155552671", "data-phone", "4155552671", id="bare, called a phone"),
        pytest.param("我的电话是13812345678", "data-phone", "13812345678", id="no spaces around"),
        pytest.param("Tel: 0049 30 123456", "data-phone", "0049 30 123456", id="double zero"),
        pytest.param("ring 020 7946 0958.", "data-phone", "020 7946 0958", id="trunk zero"),
        pytest.param("ssn: 123456789", "data-ssn", "123456789", id="bare, called an ssn"),
        pytest.param(
            "DE89 3704 0044 0532 0130 00 AND MORE", "data-iban", "DE89 3704 0044 0532 0130 00", id="words behind"
        ),
        pytest.param("nl91abna0417164300", "data-iban", "nl91abna0417164300", id="an account in small letters"),
        pytest.param("GB82-WEST-1234-5698-7654-32", "data-iban", "GB82-WEST-1234-5698-7654-32", id="hyphens"),
        pytest.param("4111.1111.1111.1111", "data-credit-card", "4111.1111.1111.1111", id="a card with dots"),
        pytest.param("it is 10.0.0.1", "data-ip-address", "10.0.0.1", id="a router"),
        pytest.param("Passport No: C01X00T47", "data-passport", "C01X00T47", id="letters among the digits"),
        pytest.param("passeport n° 12AB34567", "data-passport", "12AB34567", id="French passport"),
        pytest.param(
            "redis://:pw8kd2@db.example.com", "data-url-credentials", "redis://:pw8kd2@db.example.com", id="no user"
        ),
        pytest.param("mail jane [at] acme [dot] com", "data-email", "jane [at] acme [dot] com", id="spelled out"),
        pytest.param("jo.doe(at)mail.acme.co.uk", "data-email", "jo.doe(at)mail.acme.co.uk", id="the sign spelled out"),
        pytest.param("NI number: AB123456C", "data-national-id", "AB123456C", id="national insurance, in short"),
        pytest.param("(müller@example.de)", "data-email", "müller@example.de", id="umlaut"),
        pytest.param("visa 4222222222222", "data-credit-card", "4222222222222", id="thirteen digits, called a card"),
        pytest.param("try 8.8.8.8 first", "data-ip-address", "8.8.8.8", id="a known resolver"),
        pytest.param(
            "host fe80::1ff:fe23:4567:890a up", "data-ip-address", "fe80::1ff:fe23:4567:890a", id="link local"
        ),
    ],
)
def test_finds(text: str, rule: str, value: str) -> None:
    assert [(found.rule, found.text) for found in find(text)] == [(rule, value)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("order 123-45-6789 and order 415-555-2671", id="orders"),
        pytest.param("078-05-1120, 000-12-3456 and 912-34-5678", id="never issued"),
        pytest.param("4111111111111112", id="wrong check digit"),
        pytest.param("0000 0000 0000 0000", id="zeros"),
        pytest.param("0.4111111111111111", id="a fraction"),
        pytest.param("EAN 4006381333931", id="an article"),
        pytest.param("Boston, MA 02110-1301", id="a postal code"),
        pytest.param("user@localhost, x@self.weight, a@b.T", id="no top level"),
        pytest.param("model.to@device.to(x)", id="a call"),
        pytest.param("the net 192.0.2.0/24", id="a network"),
        pytest.param("numpy==1.2.3.4, v10.0.0.1, version 20.30.40.50", id="versions"),
        pytest.param("2023-01-15 12:30:00 and 12/31/2023 10:00", id="dates"),
        pytest.param("U+0399 0308 0300", id="code points"),
        pytest.param("https://user:password@host/ and https://${USER}:${PASS}@host/", id="stand-ins"),
        pytest.param("a::b::c and 12:30:45 and 00:1b:44:11:3a:b7", id="colons"),
        pytest.param("call me in 2024-2025", id="a span of years"),
        pytest.param("version 10.0.0.1", id="a version like a router"),
        pytest.param("passport holders and REGULATION", id="a passport and a long word"),
        pytest.param("print(x [at] y)", id="an at sign in code"),
        pytest.param("see you (at) home.", id="a word in brackets"),
        pytest.param("passport control at 14:30", id="a passport without a number"),
    ],
)
def test_leaves_alone(text: str) -> None:
    assert find(text) == []


def test_the_name_of_the_field_is_context() -> None:
    found = findings([{"text": "a", "phone": "4155552671", "order_id": "4155552671"}])
    assert [(one.check, one.at.members) for one in found] == [("data-phone", ("phone",))]


def test_a_number_without_quotes_is_looked_at() -> None:
    (found,) = findings([{"text": "a", "card": 4111111111111111}])
    assert (found.check, found.at.members) == ("data-credit-card", ("card",))


def test_check_digits_agree_with_the_textbook() -> None:
    import random

    chance = random.Random(4)
    for _ in range(500):
        body = digits(chance, chance.randint(11, 18))
        assert luhn(body + luhn_digit(body))
    assert is_card("378282246310005")
    assert not is_card("9782246310005")
    assert is_iban("GB82WEST12345698765432")
    assert not is_iban("GB82WEST1234569876543")


@pytest.mark.parametrize("value", ["jane.doe@example.com", "4111 1111 1111 1111", "https://bob:hunter2@db.example.com"])
def test_reports_do_not_spread_what_they_found(value: str) -> None:
    assert value[3:] not in masked(value)
    assert value not in masked(value)
    assert "hunter2" not in masked(value)
