"""Put adapters (or the unpacking of quantized weights) around the linear layers of a recorded step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """What one wrapped layer allocates (+) and frees (-), in bytes, and whether it holds on to its input.

    `again` is how much of `forward` recomputing repeats, `early` how much of `backward` waits for nothing saved,
    `lets_go` how much of it runs with the input, and `resting` is the forward pass that saves nothing.
    `bare_saved` is what the layer saves without the wrapping, which the recording already holds.
    """

    forward: tuple[int, ...]
    backward: tuple[int, ...]
    again: int
    early: int
    lets_go: int
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
    out = []
    for name, wrap in last.items():
        out.append(_kept_for_others(events, _place(events, name), size, wrap))
        out.extend(wrap.backward[: wrap.early])
    out += _through(events, size, choose, known, last=last, keeps=True)
    for name, wrap in known.wraps.items():
        if name in last:
            out.append(-_kept_for_others(events, _place(events, name), size, wrap))
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
            if _stopped(out, events[at + 1 :], size, left, last):
                postponed[at + 1] = list(last)
        elif event[0] == "G":
            _back_through(out, events, at, size, left, last)
    return out


def _is_saved(before: list[Any], size: Callable[[int], int], wrap: Wrap) -> bool:
    """Whether the bare layer that ran last saved the cast of its weight: not where its input needs no gradient."""
    starts = [at for at, event in enumerate(before) if isinstance(event, list)]
    own = before[starts[-1] + 1 :] if starts else before
    return -wrap.bare_saved not in [size(event) for event in own if isinstance(event, int)]


def _stopped(
    out: list[int], after: list[Any], size: Callable[[int], int], left: Open, last: Mapping[str, Wrap]
) -> bool:
    """Recomputing stopped here, because the bare base saves nothing further on; adapters go on to what they save.

    It stopped within the bare layer, which saves its weight: the input is there. True if it is freed right after the
    stop (nothing else saved it), and an adapter holds it longer.
    """
    holds = False
    for name, wrap in last.items():
        left.wraps[name] = wrap
        runs = wrap.forward[: wrap.again]
        out.append(-wrap.bare_saved)
        out.extend(runs)
        out.append(wrap.saved - sum(runs))
        if wrap.retains and after and isinstance(after[0], int) and size(after[0]) == -wrap.input_bytes:
            left.held[name] = wrap.input_bytes
            holds = True
    return holds


def _postponed(events: list[Any], size: Callable[[int], int], choose: Choose) -> dict[int, list[str]]:
    """Places where an input is freed that a wrapped layer still needs, and the layers that need it, in order."""
    found: dict[int, list[str]] = {}
    for event in events:
        if isinstance(event, list) and event[0] == "F" and event[4] >= 0:
            wrap = choose(event[1], size(event[2]), size(event[3]))
            if wrap is not None and wrap.retains:
                found.setdefault(event[4], []).append(event[1])
    return found


def _back_through(
    out: list[int], events: list[Any], at: int, size: Callable[[int], int], left: Open, last: Mapping[str, Wrap]
) -> None:
    """Replace the bare layer's product by the wrapped layer's backward pass, which frees the output's gradient."""
    _, name, product = events[at]
    wrap = left.wraps.pop(name, None)
    if wrap is None:
        return
    made, kept = size(product), _kept_for_others(events, at, size, wrap)
    begun = wrap.early if name in last else 0
    out.append(-made + (0 if name in last else kept))
    out.extend(wrap.backward[begun : wrap.lets_go])
    out.append(-left.held.pop(name, 0))
    out.extend(wrap.backward[max(begun, wrap.lets_go) :])
    out.append(made + wrap.bare_saved - wrap.input_bytes + wrap.output_bytes - kept)


def _kept_for_others(events: list[Any], at: int, size: Callable[[int], int], wrap: Wrap) -> int:
    """Bytes of the output's gradient where the recording does not free it after the product: a sum needs it too."""
    own = takewhile(lambda event: isinstance(event, int), events[at + 1 :])
    return 0 if -wrap.output_bytes in [size(event) for event in own] else wrap.output_bytes


def _place(events: list[Any], name: str) -> int:
    """Where the product of a layer's backward pass stands; the end where it has none."""
    places = (at for at, event in enumerate(events) if isinstance(event, list) and event[:2] == ["G", name])
    return next(places, len(events))
