"""Checks from other packages: entry points of the group `ossmodelkit.checks`, loaded only when asked for by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from ossmodelkit.core.check import Check
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean
from ossmodelkit.scanning.catalog import IDS

GROUP = "ossmodelkit.checks"
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
HOW = "docs/scanning.md tells how to write one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """The checks of one entry point, and the version of the package that brings it."""

    name: str
    version: str
    checks: tuple[Check, ...]


def plugged(names: Iterable[str]) -> tuple[Plugged, ...]:
    """The checks that `kit.toml` names.

    Raises `UsageError` naming the entry point that is not installed, cannot be loaded, or gives no checks; and
    one whose check has the id of another: nobody speaks under another's name.
    """
    found = tuple(_load(name) for name in dict.fromkeys(names))
    taken = dict.fromkeys(IDS, "ossmodelkit")
    for one in found:
        for check in one.checks:
            if check.id in taken:
                raise _broken(one.name, f"its check {check.id!r} has the id of one of {taken[check.id]}")
            taken[check.id] = one.name
    return found


@cache
def _load(name: str) -> Plugged:
    from importlib.metadata import entry_points

    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        hint = did_you_mean(name, tuple(points)) if points else "no installed package brings checks"
        raise UsageError(f"no checks are called {name!r} (scan.checks in kit.toml)", hint=hint)
    point = points[name]
    try:
        given = point.load()
    except (Exception, SystemExit) as error:
        raise _broken(name, f"{type(error).__name__}: {error}") from error
    checks = (given,) if isinstance(given, Check) else given
    if not isinstance(checks, (tuple, list)) or not checks or not all(isinstance(one, Check) for one in checks):
        raise _broken(name, f"{point.value} is no tuple of checks")
    for one in checks:
        if not ID.fullmatch(one.id):
            raise _broken(name, f"its check {one.id!r} has no id of small words with dashes between")
    return Plugged(name=name, version=point.dist.version if point.dist else "", checks=tuple(checks))


def _broken(name: str, why: str) -> UsageError:
    return UsageError(f"the checks {name!r} cannot be used: {why}"[:400], hint=f"mend or remove it; {HOW}")
