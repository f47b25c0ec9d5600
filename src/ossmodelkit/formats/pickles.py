"""A pickle as a view: what loading it would do, and where it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats.pickle_cursor import BrokenStreamError
from ossmodelkit.formats.pickle_events import Build, Call, Event, Fill, Import, Nested, Supplied
from ossmodelkit.formats.pickle_machine import Machine
from ossmodelkit.formats.pickle_values import Value, describe, describe_call
from ossmodelkit.formats.pickle_walk import Walk, walk
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.tape import Tape
from ossmodelkit.formats.windows import window
from ossmodelkit.foundation.errors import LimitExceededError
from ossmodelkit.foundation.limits import Budget

# So many deeds are kept as they come; after that only those that differ from all before.
KEPT_AS_THEY_COME = 20_000
MOST_KINDS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pickle:
    """One stream: `start` to `end` in bytes, the deeds of loading it, and what it gives back.

    `broken` says why a loader would not reach the STOP; `crossed` lists offsets of arguments that
    leave their frame. `loader` names who would read it: "pickle", "torch" or "numpy". Bytes that only
    happen to begin like a pickle are not `certain`.
    """

    at: Place
    start: int
    end: int
    protocol: int
    events: tuple[Event, ...]
    value: Value = None
    broken: str = ""
    crossed: tuple[int, ...] = ()
    loader: str = "pickle"
    certain: bool = True

    def place(self, offset: int) -> Place:
        """The place of one opcode."""
        return Place(path=self.at.path, members=self.at.members, offset=offset)


class Deeds:
    """Collects events within bounds. Mutable by nature."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._kinds: set[str] = set()

    def add(self, event: Event) -> None:
        """Keep an event, unless many have come and one just like it is known."""
        if len(self.events) >= KEPT_AS_THEY_COME and not isinstance(event, Nested):
            kind = _kind(event)
            if kind in self._kinds:
                return
            if len(self._kinds) >= MOST_KINDS:
                raise LimitExceededError("does more different things while loading than the limit allows")
            self._kinds.add(kind)
        self.events.append(event)


def _kind(event: Event) -> str:
    match event:
        case Import():
            return f"import {describe(event.found)}"
        case Call():
            return f"{event.opcode} {describe(event.function)} {describe_call(event.args)}"
        case Build():
            return f"build {describe(event.target)} {describe(event.state)}"
        case Fill():
            return f"fill {describe(event.target)}"
        case Supplied():
            return f"{event.kind} {describe(event.ident)}"
        case Nested():
            return f"nested {event.offset}"


def study(
    tape: Tape,
    start: int,
    budget: Budget,
    *,
    at: Place,
    loader: str = "pickle",
    built: Callable[[Machine, Value], None] | None = None,
) -> Pickle:
    """Everything about the pickle at `start`; a broken one is described, not refused."""
    first = walk(tape, start, budget)
    deeds = Deeds()
    end, broken, value = first.end, first.broken, None
    if first.outside or not broken:
        end, broken, value = _run(tape, start, budget, deeds, first, built)
    if first.crossed:
        _run(tape, start, budget, deeds, first, built, skips=True)
    return Pickle(
        at=at,
        start=start,
        end=end,
        protocol=first.protocol,
        events=tuple(deeds.events),
        value=value,
        broken=broken,
        crossed=first.crossed,
        loader=loader,
    )


def _run(
    tape: Tape,
    start: int,
    budget: Budget,
    deeds: Deeds,
    first: Walk,
    built: Callable[[Machine, Value], None] | None,
    *,
    skips: bool = False,
) -> tuple[int, str, Value]:
    if not first.outside and not skips and first.end - start > KEPT_AS_THEY_COME:
        return first.end, first.broken, None
    machine = Machine(tape, start, budget, deeds.add)
    machine.built = built
    try:
        end = machine.run(skips=skips)
    except BrokenStreamError as error:
        return machine.at, error.message, None
    except LimitExceededError as error:
        return machine.at, f"given up: {error.message}", None
    return end, "", machine.value


def nested_blobs(pickle: Pickle, blob: Blob) -> Iterator[object]:
    """The bytes inside `pickle` that it hands to another loader."""
    for event in pickle.events:
        if isinstance(event, Nested):
            at = Place(path=blob.at.path, members=(*blob.at.members, f"bytes at {event.offset}"))
            if event.data is not None:
                yield Blob(at=at, stream=BytesIO(event.data), size=event.size)
            else:
                yield Blob(at=at, stream=window(blob.stream, event.offset, event.size), size=event.size)


def gap_of(pickle: Pickle) -> Iterator[Gap]:
    """A gap where the stream cannot be followed to its end."""
    if pickle.broken:
        yield Gap(
            at=pickle.place(pickle.end),
            reason=f"the pickle breaks off: {pickle.broken}",
            remedy="get a fresh copy; a broken pickle still runs what stands before the break",
        )
