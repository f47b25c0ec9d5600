"""The license that a data card declares for the files beside it."""

from __future__ import annotations

import re

CARD = "README.md"
LARGEST_CARD = 64 * 1024
FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
LICENSE = re.compile(r"^license:[ \t]*(.*?)[ \t]*\r?$((?:\r?\n[ \t]*-[ \t]*\S.*$)*)", re.MULTILINE)


def declared(card: str) -> tuple[str, ...]:
    """What the front matter of a card gives as `license`, one or several; empty where it gives none.

    Read by pattern: a stranger's YAML need not be parsed for one word.
    """
    front = FRONT.match(card)
    found = LICENSE.search(front[1]) if front else None
    if found is None:
        return ()
    listed = found[1].strip("[]").split(",") + [line.strip(" \t\r-") for line in found[2].splitlines()]
    return tuple(name for item in listed if (name := item.strip(" \t'\"")))
