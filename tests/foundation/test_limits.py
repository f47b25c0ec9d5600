"""A budget ends a hostile file by name, not by exhaustion."""

from __future__ import annotations

import pytest

from ossmodelkit.foundation.errors import LimitExceededError
from ossmodelkit.foundation.limits import Budget


@pytest.mark.parametrize("count", [11, 2**62, -1])
def test_bytes_beyond_the_budget_are_refused(count: int) -> None:
    with pytest.raises(LimitExceededError, match="10 were left"):
        Budget(bytes_left=10).spend_bytes(count)


def test_depth_is_given_back_and_members_are_not() -> None:
    budget = Budget(depth_left=1, members_left=1)
    for _ in range(2):
        with budget.deeper():
            pass
    with pytest.raises(LimitExceededError, match="nested"), budget.deeper(), budget.deeper():
        pass
    budget.spend_member()
    with pytest.raises(LimitExceededError, match="members"):
        budget.spend_member()


def test_time_runs_out() -> None:
    with pytest.raises(LimitExceededError, match="time"):
        Budget(deadline=0.0).check_time()
