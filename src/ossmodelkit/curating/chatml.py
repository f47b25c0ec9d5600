"""ChatML: turns between `<|im_start|>role` and `<|im_end|>`, all in one text."""

from __future__ import annotations

from collections.abc import Mapping

from ossmodelkit.curating.example import Turn

START, END = "<|im_start|>", "<|im_end|>"


def turns(text: str, field: str, roles: Mapping[str, str]) -> tuple[Turn, ...]:
    """The turns of a ChatML text; text that stands in no turn becomes a turn without a role."""
    before, *blocks = text.split(START)
    found = [Turn("", "(outside any turn)", before, field)] if before.strip() else []
    for block in blocks:
        said, _, rest = block.partition("\n")
        inner, _, after = rest.partition(END)
        name = said.strip()
        found.append(Turn(roles.get(name.lower(), ""), name, inner.rstrip("\n"), field))
        if after.strip():
            found.append(Turn("", "(outside any turn)", after, field))
    return tuple(found)


def unbalanced(text: str) -> str:
    """What is wrong with the markers, or "".

    The last turn may be open: a prompt for generation ends that way.
    """
    starts, ends = text.count(START), text.count(END)
    if starts - ends in (0, 1):
        return ""
    return f"{starts} times {START}, {ends} times {END}"
