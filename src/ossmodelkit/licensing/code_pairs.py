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
    pairs = matrix()
    row = pairs["rows"].get(_spdx(outer, pairs))
    inner_id = _spdx(inner, pairs)
    if row is None or inner_id not in pairs["ids"]:
        return "Yes" if inner.family == "public-domain" else ""
    return ANSWERS[row[pairs["ids"].index(inner_id)]]


def _spdx(terms: Terms, pairs: Mapping[str, Any]) -> str:
    spdx = str(terms.says("ids", "spdx"))
    return spdx if spdx in pairs["rows"] else f"{spdx}-only" if f"{spdx}-only" in pairs["rows"] else spdx
