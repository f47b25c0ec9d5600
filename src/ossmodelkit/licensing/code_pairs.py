"""May code under one license hold code under another? OSADL's answer, and its date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from ossmodelkit.core.license import Terms
from ossmodelkit.foundation import resources

ANSWERS = {"S": "Same", "Y": "Yes", "N": "No", "U": "Unknown", "D": "Check dependency"}


@cache
def matrix() -> Mapping[str, Any]:
    """The pairs, with `source`, `stamp` (their date) and `attribution`."""
    loaded: Mapping[str, Any] = json.loads(resources.config("license-code-pairs.json").read_bytes())
    return loaded


def answer(outer: Terms, inner: Terms) -> str:
    """Yes, No, Same, Unknown or Check dependency; empty where OSADL does not know a license.

    `outer` is the license of the program that goes out, `inner` of the code it takes in.
    """
    said = answer_to(str(outer.says("ids", "spdx")), str(inner.says("ids", "spdx")))
    return said or ("Yes" if inner.family == "public-domain" else "")


def answer_to(outer: str, inner: str) -> str:
    """The same for two SPDX ids."""
    pairs = matrix()
    row, inner_id = pairs["rows"].get(_listed(outer, pairs)), _listed(inner, pairs)
    return "" if row is None or inner_id not in pairs["ids"] else ANSWERS[row[pairs["ids"].index(inner_id)]]


def _listed(spdx: str, pairs: Mapping[str, Any]) -> str:
    """The spelling of OSADL's list, which has `-only` and `-or-later` where SPDX once had neither."""
    if spdx.endswith("+"):
        return f"{spdx[:-1]}-or-later"
    return spdx if spdx in pairs["rows"] else f"{spdx}-only" if f"{spdx}-only" in pairs["rows"] else spdx
