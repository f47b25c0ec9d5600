"""Put adapters (or the unpacking of quantized weights) around the linear layers of a recorded step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """What one wrapped layer allocates (+) and frees (-), in bytes, and whether it holds on to its input.

    `bare_saved` is what the layer saves without the wrapping, which the recording already holds.
    """

    forward: tuple[int, ...]
    backward: tuple[int, ...]
    retains: bool
    input_bytes: int
    output_bytes: int
    bare_saved: int = 0

    @property
    def saved(self) -> int:
        """What stays between the forward and the backward pass, without the output."""
        return sum(self.forward) - self.output_bytes


Choose = Callable[[str, int, int], Wrap | None]  # name of the layer, bytes of its input and output


@dataclass(slots=True, kw_only=True)
class Open:
    """What a block's forward pass left behind for its backward pass."""

    wraps: dict[str, Wrap] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)


def forward(events: list[Any], size: Callable[[int], int], choose: Choose, *, keeps: bool) -> tuple[list[int], Open]:
    """Changes in bytes of a block's forward pass; with `keeps` False (recomputed later) nothing is saved."""
    left = Open()
    return _through(events, size, choose, left, first={}, keeps=keeps), left


def backward(events: list[Any], size: Callable[[int], int], choose: Choose, left: Open, *, keeps: bool) -> list[int]:
    """Changes in bytes of a block's backward pass; where it recomputes, its own forward is inside."""
    known = left if keeps else Open()
    out = _through(events, size, choose, known, first=left.wraps, keeps=True)
    for name, wrap in known.wraps.items():
        out.append(sum(wrap.backward) - wrap.input_bytes + wrap.output_bytes + wrap.bare_saved)
        out.append(-known.held.pop(name, 0))
    return out


def opened(events: list[Any], size: Callable[[int], int], choose: Choose) -> Open:
    """The wrapped layers of a block whose forward pass kept nothing."""
    marks = (event for event in events if isinstance(event, list) and event[0] == "F")
    found = ((event[1], choose(event[1], size(event[2]), size(event[3]))) for event in marks)
    return Open(wraps={name: wrap for name, wrap in found if wrap is not None})


def _through(
    events: list[Any], size: Callable[[int], int], choose: Choose, left: Open, *, first: Mapping[str, Wrap], keeps: bool
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
            out.append(-wrap.output_bytes - (wrap.bare_saved if keeps else 0))
            out.extend(wrap.forward)
            if keeps:
                left.wraps[event[1]] = wrap
                for place, names in postponed.items():
                    if names[-1] == event[1]:
                        left.held[names[0]] = -size(events[place])
            else:
                out.append(-wrap.saved)
        elif event[0] == "S":
            _stopped(out, events, left, first)
        elif event[0] == "G":
            _back_through(out, event, size(event[2]), left)
    return out


def _stopped(out: list[int], events: list[Any], left: Open, first: Mapping[str, Wrap]) -> None:
    """Recomputing stopped here, because the bare base saves nothing further on; adapters go on to what they save."""
    ran = {event[1] for event in events if isinstance(event, list) and event[0] == "F"}
    for name, wrap in first.items():
        if name in ran:
            continue
        out.append(wrap.input_bytes - wrap.bare_saved)  # what the bare layer saved is where the bare base stopped
        out.extend(wrap.forward)
        out.append(-wrap.output_bytes)
        left.wraps[name] = wrap
        if wrap.retains:
            left.held[name] = wrap.input_bytes
        else:
            out.append(-wrap.input_bytes)


def _postponed(events: list[Any], size: Callable[[int], int], choose: Choose) -> dict[int, list[str]]:
    """Places where an input is freed that a wrapped layer still needs, and the layers that need it, in order."""
    found: dict[int, list[str]] = {}
    for event in events:
        if isinstance(event, list) and event[0] == "F" and event[4] >= 0:
            wrap = choose(event[1], size(event[2]), size(event[3]))
            if wrap is not None and wrap.retains:
                found.setdefault(event[4], []).append(event[1])
    return found


def _back_through(out: list[int], event: list[Any], made: int, left: Open) -> None:
    """Replace the bare layer's product, which allocated `made` bytes, by the wrapped layer's backward pass."""
    name = event[1]
    wrap = left.wraps.pop(name, None)
    if wrap is None:
        return
    out.append(-made)
    out.extend(wrap.backward)
    out.append(made + wrap.bare_saved - wrap.input_bytes + wrap.output_bytes)
    out.append(-left.held.pop(name, 0))
