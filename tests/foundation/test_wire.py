"""Plain values in and out: strict on names, lenient only where told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import pytest

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire


class Color(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    inches: float
    color: Color = Color.RED


@dataclass(frozen=True, kw_only=True)
class Cart:
    name: str
    wheels: tuple[Wheel, ...] = ()
    built: date | None = None
    load: Mapping[str, int] = field(default_factory=dict)
    open_top: bool = False


FULL = Cart(name="a", wheels=(Wheel(inches=20.0, color=Color.GREEN),), built=date(2026, 1, 2), load={"hay": 3})


def test_a_shape_survives_the_round_trip() -> None:
    assert from_wire(Cart, to_wire(FULL)) == FULL


def test_dashes_and_underscores_name_the_same_field() -> None:
    assert from_wire(Cart, {"name": "a", "open-top": True}).open_top


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        pytest.param({"name": "a", "wheel": []}, "unknown field 'wheel'", "did you mean 'wheels'?", id="misspelt"),
        pytest.param({}, "field 'name' is missing", "add it", id="missing"),
        pytest.param({"name": 3}, "name: wanted text, got 3", "", id="wrong kind"),
        pytest.param({"name": "a", "wheels": {}}, "wheels: wanted a list", "", id="table for a list"),
        pytest.param({"name": "a", "wheels": [{"inches": "x"}]}, "wheels[0].inches", "", id="place deep inside"),
        pytest.param(
            {"name": "a", "wheels": [{"inches": 1, "color": "rad"}]}, "is not one of red, green", "'red'?", id="enum"
        ),
        pytest.param({"name": "a", "built": "soon"}, "wanted a date like", "", id="no date"),
        pytest.param({"name": "a", "load": {"hay": True}}, "load.hay: wanted a number", "", id="true is no number"),
        pytest.param([], "wanted a table, got []", "", id="not a table"),
    ],
)
def test_a_misfit_names_its_place_and_a_remedy(data: object, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_wire(Cart, data, where="cart.toml")
    assert message in caught.value.message
    assert caught.value.message.startswith("cart.toml")
    assert hint in caught.value.hint


def test_a_lenient_reader_lets_newer_keys_pass() -> None:
    assert from_wire(Cart, {"name": "a", "engine": "v8"}, strict=False) == Cart(name="a")


def test_a_value_that_unfolds_without_end_is_told_short() -> None:
    """Nine aliases of nine, nine times over: its `repr` would not fit into memory."""
    unfolding: object = "x"
    for _ in range(9):
        unfolding = [unfolding] * 9
    with pytest.raises(UsageError) as caught:
        from_wire(dict[str, int], {"name": unfolding})
    assert len(str(caught.value)) < 200
