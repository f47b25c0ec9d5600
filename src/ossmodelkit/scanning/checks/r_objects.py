"""R's serialized objects: what R would run when it reads them, and what the functions in them would do."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.rdata import RData
from ossmodelkit.formats.rdata_walk import HOOKS
from ossmodelkit.foundation.resources import config

REMEDY = "Do not load it: ask the publisher for the numbers without the code."


@cache
def _actors() -> frozenset[str]:
    return frozenset(tomllib.loads(config("scan/r.toml").read_text(encoding="utf-8"))["actors"])


@check("r-promise", reads=RData, severity=Severity.CRITICAL, advisories=("CVE-2024-27322",))
def r_promise(data: RData) -> Iterator[Hit]:
    """This R object holds a promise that R would evaluate when the object is used.

    An unevaluated promise is an expression in waiting; reading the object is enough to run it.
    """
    for offset in data.promises[:5]:
        yield Hit(at=replace(data.at, offset=offset), saw="PROMSXP without a value", remedy=REMEDY)


@check("r-function-acts", reads=RData, severity=Severity.MEDIUM)
def r_function_acts(data: RData) -> Iterator[Hit]:
    """A function or expression in this R object starts programs, loads native code or fetches files.

    It runs when somebody calls it, and R itself calls `.First` and `.Last` of a workspace. Fitted models
    carry functions and formulas too, but none that do this.
    """
    for name, offset in data.calls:
        if name in HOOKS:
            yield Hit(at=replace(data.at, offset=offset), saw=f"binds {name}", remedy=REMEDY, severity=Severity.HIGH)
        elif name in _actors():
            yield Hit(at=replace(data.at, offset=offset), saw=f"calls {name}", remedy=REMEDY)


CHECKS = (r_promise, r_function_acts)
