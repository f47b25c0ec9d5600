"""A curve fits its box, and what cannot be drawn is left out."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ossmodelkit.core.report import Curve
from ossmodelkit.reporting import curves

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def drawn(*points: tuple[float, float]) -> curves.Drawing | None:
    return curves.draw(Curve(title="Loss", over="step", points=points))


def test_a_falling_loss_falls() -> None:
    found = drawn((1, 4.0), (2, 2.0), (3, 1.0))
    assert found and found.points == f"0.0,0.0 {curves.WIDTH / 2:.1f},{curves.HEIGHT * 2 / 3:.1f} 560.0,160.0"
    assert (found.highest, found.lowest, found.first, found.last) == ("4", "1", "step 1", "step 3")


@pytest.mark.parametrize("points", [(), ((1.0, 2.0),), ((1.0, float("nan")), (2.0, 1.0))], ids=["none", "one", "nan"])
def test_too_little_is_not_drawn(points: tuple[tuple[float, float], ...]) -> None:
    assert drawn(*points) is None


def test_a_page_draws_it_and_its_words_stay_words() -> None:
    from ossmodelkit.core.policy import Outcome
    from ossmodelkit.core.report import Report
    from ossmodelkit.reporting.webpage import write

    curve = Curve(title="<Loss>", over="step", points=((1, 4.0), (2, 2.0)))
    report = Report(
        command="finetune", subject="m", verdict="trained", outcome=Outcome.PASS, summary="", curves=(curve,)
    )
    page = write(report)
    assert '<polyline points="0.0,0.0 560.0,160.0"/>' in page
    assert "&lt;Loss&gt;: 4 … 2" in page and "<Loss>" not in page


@example([(0.0, 0.0), (0.0, 7.0711726348364644e-307)])
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=50))
def test_every_point_lies_in_the_box(points: list[tuple[float, float]]) -> None:
    found = drawn(*points)
    assert found
    for pair in found.points.split():
        x, y = map(float, pair.split(","))
        assert 0 <= x <= curves.WIDTH and 0 <= y <= curves.HEIGHT
