"""National identity, tax and insurance numbers."""

from __future__ import annotations

from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.curating.personal.looking import find
from ossmodelkit.curating.personal.national import _table

RULE = "data-national-id"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("nato a Roma, RSSMRA85T10A562S", "RSSMRA85T10A562S", id="Italy"),
        pytest.param("con DNI 54362315K.", "54362315K", id="Spain"),
        pytest.param("NIE X-2482300-W", "X-2482300-W", id="Spain, foreigner"),
        pytest.param("CURP: BOXW310820HNERXN09", "BOXW310820HNERXN09", id="Mexico"),
        pytest.param("it says AB 12 34 56 C on it", "AB 12 34 56 C", id="United Kingdom, printed"),
        pytest.param("my nino is AB123456C", "AB123456C", id="United Kingdom"),
        pytest.param("NHS number 943 476 5870", "943 476 5870", id="United Kingdom, health"),
        pytest.param("paid by 390.533.447-05", "390.533.447-05", id="Brazil, printed"),
        pytest.param("cpf 39053344705", "39053344705", id="Brazil"),
        pytest.param("2 95 10 99 126 111 93", "2 95 10 99 126 111 93", id="France"),
        pytest.param("我的身份证号码是11010519491231002X", "11010519491231002X", id="China, no spaces around"),
        pytest.param("PESEL 44051401359", "44051401359", id="Poland"),
        pytest.param("BSN 111222333", "111222333", id="Netherlands"),
        pytest.param("Steuer-ID: 36 574 261 809", "36 574 261 809", id="Germany"),
        pytest.param("Aadhaar 2341 2341 2346", "2341 2341 2346", id="India"),
        pytest.param("SIN 123-456-782", "123-456-782", id="Canada"),
        pytest.param("tfn 123 456 782", "123 456 782", id="Australia"),
        pytest.param("identity number 7503305044089", "7503305044089", id="South Africa"),
        pytest.param("AHV 756.9217.0769.85", "756.9217.0769.85", id="Switzerland"),
        pytest.param("131052-308T", "131052-308T", id="Finland"),
        pytest.param("personnummer 880320-0016", "880320-0016", id="Sweden"),
        pytest.param("CPR 211062-5629", "211062-5629", id="Denmark"),
    ],
)
def test_finds(text: str, value: str) -> None:
    assert [(one.rule, one.text) for one in find(text)] == [(RULE, value)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("RSSMRA85T10A562T", id="wrong check letter"),
        pytest.param("part AB123456C and order 54362315K", id="parts and orders"),
        pytest.param("390.533.447-06", id="wrong check digits"),
        pytest.param("44051401359 units were sold", id="a bare number"),
        pytest.param("the 2 95 10 99 126 111 94", id="numbers in a row"),
        pytest.param("version 756.9217.0769.86", id="a long version"),
        pytest.param("AX123456789B and XYZ 12 34 56 D", id="letters on either side"),
    ],
)
def test_leaves_alone(text: str) -> None:
    assert [one for one in find(text) if one.rule == RULE] == []


def test_every_kind_names_a_check_that_exists() -> None:
    table = _table()
    for kind in (*table.lettered, *table.telling, *table.digits):
        if kind.check:
            assert not import_module(f"stdnum.{kind.check}").is_valid("nonsense")


@given(st.text(alphabet="ABCXYZ0123456789 .-", max_size=60))
def test_any_text_gets_an_answer(text: str) -> None:
    for one in find(f"tax {text}"):
        assert f"tax {text}"[one.start : one.end] == one.text
