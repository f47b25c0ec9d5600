"""Rules for the state of an object that a guarded name makes: BUILD runs code of the class with it.

Each rule gets the state as the machine knows it and says what is wrong, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ossmodelkit.formats.pickle_bytes import STATES_WITH_FILES, bytes_in
from ossmodelkit.formats.pickle_values import Box, Value

SKORCH_FILE = STATES_WITH_FILES["skorch"]
LONGEST_FORMULA = 10_000
# A formula of R's kind: names, numbers, signs, and the few functions that only change a column.
FORMULA_CALLS = r"C|I|Q|Treatment|Sum|Poly|Helmert|center|standardize|scale|poly|bs|cr|cc|te"
FORMULA = re.compile(
    rf"(?:(?:(?:{FORMULA_CALLS})|np\.(?:log|log1p|log2|log10|exp|sqrt|square|abs))(?=\()"
    r"|\d+\.?\d*|[^\W\d]\w*+(?!\s*[.(])|\)(?!\s*\()|[\s~+\-*:/|^(,=])*+"
)
# The text that scipy's distributions compile, one line of it (`scipy/stats/_distn_infrastructure.py`).
DISTRIBUTION_LINE = re.compile(
    r"|def _parse_args\w*\(self, [\w ,=.]*(, \w+=('mv'|None))*\):"
    r"|    return (self\._argcheck_rvs)?\(?[\w ,()=.]*\)?(, [\w ,]*)?"
)


def state_problem(rule: str, state: Value) -> str:
    """What is wrong with setting the state of an object made from a guarded name."""
    if rule == "stream-in-memory":
        return "" if _is_stream_state(state) else "sets a state that is more than bytes and a place in them"
    if rule == "file-in-state":
        right = _is_readable(state) and any(bytes_in(one) is not None for one in _values_of(state, SKORCH_FILE))
        return "" if right else "sets a state whose torch file cannot be told"
    if rule not in STATES:
        return ""
    if not _is_readable(state):
        return "sets a state that cannot be told"
    keys, fits, wrong = STATES[rule]
    return "" if all(fits(one) for key in keys for one in _values_of(state, key)) else wrong


def _is_stream_state(state: Value) -> bool:
    """What BytesIO writes: its bytes, the place, and the attributes that nobody set."""
    right = isinstance(state, tuple) and len(state) == 3
    return right and bytes_in(state[0]) is not None and isinstance(state[1], int) and state[2] is None


def _is_scipys_text(value: Value) -> bool:
    return isinstance(value, str) and all(DISTRIBUTION_LINE.fullmatch(line) for line in value.split("\n"))


def _is_file_beside(value: Value) -> bool:
    return isinstance(value, str) and value == value.replace("\\", "/").rpartition("/")[2]


def _is_formula(value: Value) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_FORMULA and FORMULA.fullmatch(value) is not None


# By rule: the keys of a state that matter, what their values must be, and what is said otherwise.
STATES: dict[str, tuple[tuple[str, ...], Callable[[Value], bool], str]] = {
    "distribution": (("_parse_arg_template",), _is_scipys_text, "compiles a text that is not scipy's"),
    "file-beside": (("filename",), _is_file_beside, "reads an array from a file elsewhere"),
    "nothing-cached": (
        ("location", "store_backend"),
        lambda value: value is None,
        "keeps pickles elsewhere",
    ),
    "formula": (("formula",), _is_formula, "builds columns from a formula that may hold code"),
}


def _is_readable(state: Value) -> bool:
    """Whether a state is a plain dict, or the pair of two that objects with slots have, with nothing left out."""
    if isinstance(state, tuple):
        return all(one is None or _is_readable(one) for one in state)
    return isinstance(state, Box) and state.kind == "dict" and state.whole


def _values_of(state: Value, key: str) -> list[Value]:
    if isinstance(state, tuple):
        return [found for one in state for found in _values_of(one, key)]
    if not isinstance(state, Box):
        return []
    return [value for name, value in zip(state[::2], state[1::2], strict=False) if name == key]
