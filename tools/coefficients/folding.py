"""Four recorded blocks as three: what a middle block does once sums over blocks are under way."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ossmodelkit.estimating.scenes import OF_THE_BATCH


def folded(cut: list[tuple[str, list[Any]]], sizes: list[Any]) -> list[tuple[str, list[Any]]]:
    """Three blocks out of four, for families whose blocks add to one gradient (T5's position bias).

    Going backward, the block next to the first lets go of what the others hand on: the third speaks for the
    middle ones, and what the second does beyond it is put before the first.
    """
    parts = dict(cut)
    last = max(name for name in parts if name.endswith("after"))
    weights = [event for name in parts if name.endswith(".2") for event in _of_weights(_net(parts[name], []), sizes)]
    out = []
    for name, events in cut:
        stack, _, rest = name.partition(".")
        if rest in ("2", "1.back"):
            continue
        renamed = {"3": "2", "3.back": "2.back", "2.back": "1.back"}.get(rest, rest)
        told = events
        if rest == "0.back":
            told = _behind(_net(parts[f"{stack}.1.back"], parts[f"{stack}.2.back"]), events)
        elif name == last:
            told = events + weights  # their casts are let go of here, of one block too many
        out.append((f"{stack}.{renamed}" if rest else name, told))
    return out


def _behind(more: list[int], events: list[Any]) -> list[Any]:
    """`events` after some more; linear layers tell where their input is freed by place."""
    moved = [[*e[:4], e[4] + len(more)] if isinstance(e, list) and e[0] == "F" and e[4] >= 0 else e for e in events]
    return [*more, *moved]


def _of_weights(events: list[int], sizes: list[Any]) -> list[int]:
    return [event for event in events if not OF_THE_BATCH & set(sizes[abs(event) - 1][1])]


def _net(events: list[Any], usual: list[Any]) -> list[int]:
    """Births that are left when all deaths are taken away, or the reverse, of `events` beyond `usual`."""
    count: Counter[int] = Counter()
    for sign, part in ((1, events), (-1, usual)):
        for event in part:
            if isinstance(event, int):
                count[abs(event)] += sign if event > 0 else -sign
    return [size if left > 0 else -size for size, left in count.items() for _ in range(abs(left))]
