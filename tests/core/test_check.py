"""Checks are signed by the runner, and a crash is a gap."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ossmodelkit.core.check import ask_all, check
from ossmodelkit.core.finding import Hit, Place, Severity

HERE = Place(path="model.bin")


@check("number-is-odd", reads=int, severity=Severity.LOW)
def odd(number: int) -> Iterator[Hit]:
    """This number is odd.

    Odd numbers cannot be halved.
    """
    if number % 2:
        yield Hit(at=HERE, saw=str(number), remedy="Add one.")


@check("always-crashes", reads=int, severity=Severity.LOW)
def crashes(number: int) -> Iterator[Hit]:
    """Never seen."""
    yield Hit(at=HERE, saw="first", remedy="")
    raise RuntimeError("boom")


def test_a_hit_becomes_a_finding_under_the_id_of_its_check() -> None:
    (found,) = ask_all([odd], [1, 2, "three"], at=HERE).findings
    assert (found.check, found.title, found.saw) == ("number-is-odd", "This number is odd.", "1")
    assert odd.explanation == "Odd numbers cannot be halved."


def test_a_crashed_check_leaves_a_gap_and_the_others_go_on() -> None:
    answers = ask_all([crashes, odd], [1], at=HERE)
    assert [gap.reason for gap in answers.gaps] == ["check always-crashes failed: RuntimeError: boom"]
    assert [finding.check for finding in answers.findings] == ["always-crashes", "number-is-odd"]
    assert answers.asked == ("always-crashes", "number-is-odd")


def test_a_check_needs_words_to_show() -> None:
    with pytest.raises(TypeError, match="no docstring"):
        check("mute", reads=int, severity=Severity.LOW)(lambda number: ())
