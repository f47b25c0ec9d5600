"""Put adapters (or the unpacking of quantized weights) around the linear layers of a recorded step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """What one wrapped layer allocates (+) and frees (-), in bytes, and whether it holds on to its input.

    `again` is how much of `forward` recomputing repeats, `early` how much of `backward` waits for nothing saved,
    and `resting` the forward pass that saves nothing.
    `bare_saved` is what the layer saves without the wrapping, which the recording already holds.
    """

    forward: tuple[int, ...]
    backward: tuple[int, ...]
    again: int
    early: int
    resting: tuple[int, ...]
    retains: bool
    input_bytes: int
    output_bytes: int
    bare_saved: int = 0

    @property
    def saved(self) -> int:
        """What stays between the forward and the backward pass, without the output."""
        return sum(self.forward) - self.output_bytes

    @property
    def cast(self) -> int:
        """Casts of what learns, which autocast keeps until it ends even where nothing is saved."""
        return sum(self.resting) - self.output_bytes


Choose = Callable[[str, int, int], Wrap | None]  # name of the layer, bytes of its input and output


@dataclass(slots=True, kw_only=True)
class Open:
    """What a block's forward pass left behind for its backward pass."""

    wraps: dict[str, Wrap] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)


def forward(events: list[Any], size: Callable[[int], int], choose: Choose, *, keeps: bool) -> tuple[list[int], Open]:
    """Changes in bytes of a block's forward pass; with `keeps` False (recomputed later) nothing is saved."""
    left = Open()
    return _through(events, size, choose, left, last={}, keeps=keeps), left


def backward(events: list[Any], size: Callable[[int], int], choose: Choose, left: Open, *, keeps: bool) -> list[int]:
    """Changes in bytes of a block's backward pass; where it recomputes, its own forward is inside."""
    known = left if keeps else Open()
    last = {} if keeps else _behind_the_stop(events, left.wraps)
    out = [change for wrap in last.values() for change in wrap.backward[: wrap.early]]
    out += _through(events, size, choose, known, last=last, keeps=True)
    for name, wrap in known.wraps.items():
        rest = wrap.backward[wrap.early if name in last else 0 :]
        out.append(sum(rest) - wrap.input_bytes + wrap.output_bytes + wrap.bare_saved)
        out.append(-known.held.pop(name, 0))
    return out


def _behind_the_stop(events: list[Any], wraps: Mapping[str, Wrap]) -> dict[str, Wrap]:
    """The layers that recomputing the bare base does not reach: nothing saved comes after them.

    Going backward they are first, and begin before the block is recomputed for what they saved.
    """
    ran = {event[1] for event in events if isinstance(event, list) and event[0] == "F"}
    return {name: wrap for name, wrap in wraps.items() if name not in ran}


def opened(events: list[Any], size: Callable[[int], int], choose: Choose) -> Open:
    """The wrapped layers of a block whose forward pass kept nothing."""
    marks = (event for event in events if isinstance(event, list) and event[0] == "F")
    found = ((event[1], choose(event[1], size(event[2]), size(event[3]))) for event in marks)
    return Open(wraps={name: wrap for name, wrap in found if wrap is not None})


def _through(
    events: list[Any], size: Callable[[int], int], choose: Choose, left: Open, *, last: Mapping[str, Wrap], keeps: bool
) -> list[int]:
    out: list[int] = []
    postponed = _postponed(events, size, choose) if keeps else {}
    for at, event in enumerate(events):
        if isinstance(event, int):
            out.append(0 if at in postponed else size(event))
        elif event[0] == "F":
            wrap = choose(event[1], size(event[2]), size(event[3]))
            if wrap is None:
                continue
            if keeps:
                if wrap.bare_saved and not _is_saved(events[:at], size, wrap):
                    wrap = replace(wrap, bare_saved=0)
                out.append(-wrap.output_bytes - wrap.bare_saved)
                out.extend(wrap.forward)
                left.wraps[event[1]] = wrap
                for place, names in postponed.items():
                    if names[-1] == event[1]:
                        left.held[names[0]] = -size(events[place])
            else:
                out.append(-wrap.output_bytes)
                out.extend(wrap.resting)
        elif event[0] == "S":
            _stopped(out, left, last)
        elif event[0] == "G":
            _back_through(out, event, size(event[2]), left, last)
    return out


def _is_saved(before: list[Any], size: Callable[[int], int], wrap: Wrap) -> bool:
    """Whether the bare layer that ran last saved the cast of its weight: not where its input needs no gradient."""
    starts = [at for at, event in enumerate(before) if isinstance(event, list)]
    own = before[starts[-1] + 1 :] if starts else before
    return -wrap.bare_saved not in [size(event) for event in own if isinstance(event, int)]


def _stopped(out: list[int], left: Open, last: Mapping[str, Wrap]) -> None:
    """Recomputing stopped here, because the bare base saves nothing further on; adapters go on to what they save.

    Where the bare layer itself saves something, its input is there already, and the recording lets go of it.
    """
    for name, wrap in last.items():
        left.wraps[name] = wrap
        there = wrap.bare_saved > 0
        runs = wrap.forward[: wrap.again]
        out.append(-wrap.bare_saved if there else wrap.input_bytes)
        out.extend(runs)
        out.append(wrap.saved - sum(runs))
        out.append((wrap.retains - (not there)) * wrap.input_bytes)
        if wrap.retains:
            left.held[name] = wrap.input_bytes


def _postponed(events: list[Any], size: Callable[[int], int], choose: Choose) -> dict[int, list[str]]:
    """Places where an input is freed that a wrapped layer still needs, and the layers that need it, in order."""
    found: dict[int, list[str]] = {}
    for event in events:
        if isinstance(event, list) and event[0] == "F" and event[4] >= 0:
            wrap = choose(event[1], size(event[2]), size(event[3]))
            if wrap is not None and wrap.retains:
                found.setdefault(event[4], []).append(event[1])
    return found


def _back_through(out: list[int], event: list[Any], made: int, left: Open, last: Mapping[str, Wrap]) -> None:
    """Replace the bare layer's product, which allocated `made` bytes, by the wrapped layer's backward pass."""
    name = event[1]
    wrap = left.wraps.pop(name, None)
    if wrap is None:
        return
    out.append(-made)
    out.extend(wrap.backward[wrap.early if name in last else 0 :])
    out.append(made + wrap.bare_saved - wrap.input_bytes + wrap.output_bytes)
    out.append(-left.held.pop(name, 0))
