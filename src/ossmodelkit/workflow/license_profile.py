"""How the model is used: the project's `[use]` table, with what the command line says on top."""

from __future__ import annotations

from typing import Any

from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.licensing.situation import Profile
from ossmodelkit.project.settings import Use
from ossmodelkit.workflow.desk import Desk

MAY_BE_ABSENT = ("mau", "mau_on_release_date", "annual_revenue_usd", "monthly_revenue_usd")


def profile(
    desk: Desk,
    *,
    use: list[str] | None = None,
    commercial: bool | None = None,
    territory: list[str] | None = None,
    mau: int | None = None,
    revenue: int | None = None,
) -> Profile:
    """The profile to judge by; what was not given on the command line comes from `kit.toml`.

    Raises `UsageError` for a use that does not exist.
    """
    given = {
        "use": use,
        "commercial": commercial,
        "territory": territory,
        "mau": mau,
        "annual_revenue_usd": revenue,
    }
    return _built(desk.settings.use, {key: value for key, value in given.items() if value is not None})


def of_settings(use: Use) -> Profile:
    """The `[use]` table alone."""
    return _built(use, {})


def _built(use: Use, given: dict[str, Any]) -> Profile:
    """Facts that nobody gave are not zero: they stay None, and are asked for."""
    absent = dict.fromkeys(MAY_BE_ABSENT)
    return from_wire(Profile, {**absent, **to_wire(use), **given}, where="[use]")
