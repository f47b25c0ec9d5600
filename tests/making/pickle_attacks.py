"""Pickles that would do harm, by the name of the trick; every payload is inert (`echo`, `id`)."""

from __future__ import annotations

from pathlib import Path

from tests.making.pickle_assembly import called, framed, named, old, stacked, text
from tests.making.pickle_evasions import evasions
from tests.making.pickle_indirections import indirections

GADGETS: dict[str, tuple[str, ...]] = {
    full: tuple(values)
    for full, *values in map(str.split, Path(__file__).with_name("gadgets.txt").read_text().splitlines()[1:])
}


def _gadgets() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for full, values in GADGETS.items():
        module, _, name = full.partition(":")
        pushed = [text(value) for value in values]
        dotted = "." in name
        body = called(stacked(module, name) if dotted else named(module, name), *pushed)
        found[f"gadget {full}"] = framed(body) if dotted else old(body)
    return found


ATTACKS: dict[str, bytes] = {**_gadgets(), **indirections(), **evasions()}

# What loading these does is unknown, or fails; a look is enough.
SUSPICIOUS = frozenset(
    {
        "_reconstructor of an unknown class",
        "unknown class",
        "class of __main__",
        "GLOBAL with a blank",
        "loader kept with its bytes for later",
        "download kept for later",
        "text without STOP that calls a stranger",
        "text that breaks after an INST of a stranger",
        "class that calls what stands in its state",
    }
)
