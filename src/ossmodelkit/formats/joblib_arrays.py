"""joblib keeps the bytes of an array inside the pickle, right behind the object that describes it.

Source: joblib 0.10 to 1.6, `numpy_pickle.py`: after BUILD of a `NumpyArrayWrapper` come, since 1.1, one
byte with the count of padding bytes and these, then the array; an object array is a pickle of its own.
"""

from __future__ import annotations

import re

from ossmodelkit.formats.pickle_cursor import BrokenStreamError
from ossmodelkit.formats.pickle_machine import Machine
from ossmodelkit.formats.pickle_values import Box, Global, Result, Value

WRAPPERS = frozenset(
    {"joblib.numpy_pickle.NumpyArrayWrapper", "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper"}
)
HAS_OBJECT = 1
SIZED = re.compile(r"[<>=|]?([a-zA-Z?])(\d*)")


def pass_over(machine: Machine, built: Value) -> None:
    """Move behind the array, when what was built is joblib's wrapper around one."""
    if not (isinstance(built, Result) and isinstance(built.callable, Global) and built.callable.full in WRAPPERS):
        return
    state = _as_dict(built.state)
    size = item_bytes(state.get("dtype"))
    if size is None:
        inner = Machine(machine.tape, machine.at, machine.budget, machine.emit)
        machine.at = inner.run()
        return
    if state.get("numpy_array_alignment_bytes") is not None:
        machine.at += 1 + machine.tape.read(machine.at, 1)[0]
    shape = state.get("shape")
    if size < 0 or not isinstance(shape, tuple) or not all(isinstance(one, int) and one >= 0 for one in shape):
        raise BrokenStreamError("joblib's array has a shape or type that cannot be told")
    for one in shape:
        size *= one
    if machine.at + size > machine.tape.size:
        raise BrokenStreamError("joblib's array is longer than the file")
    machine.at += size


def item_bytes(dtype: Value) -> int | None:
    """The bytes of one item of a numpy dtype; None for objects, -1 where it cannot be told."""
    if not isinstance(dtype, Result) or not dtype.args or not isinstance(dtype.args[0], str):
        return -1
    found = SIZED.fullmatch(dtype.args[0])
    if not found:
        return -1
    kind, digits = found[1], int(found[2][:9] or 1)
    state = dtype.state if isinstance(dtype.state, tuple) else ()
    flags = state[7] if len(state) > 7 and isinstance(state[7], int) else 0
    if kind == "O" or flags & HAS_OBJECT:
        return None
    return digits * (4 if kind == "U" else 1)


def _as_dict(state: Value) -> dict[str, Value]:
    if not isinstance(state, Box) or state.kind != "dict":
        return {}
    pairs = zip(state[::2], state[1::2], strict=False)
    return {key: value for key, value in pairs if isinstance(key, str)}
