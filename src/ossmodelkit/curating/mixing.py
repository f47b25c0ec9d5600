"""Mix sources by weight, or bring groups closer in number; seeded, and with a note of where every row came from."""

from __future__ import annotations

import json
import math
import random
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ossmodelkit.curating import shapes
from ossmodelkit.curating.balance import look_up
from ossmodelkit.curating.output import Written, encoded, provenance_of, writing
from ossmodelkit.curating.reading.walking import FileFacts, facts_of, walk
from ossmodelkit.curating.row import Bounds, Feed
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from ossmodelkit.foundation.progress import Progress

NO_GROUP = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixing:
    """How to mix: one weight for each source, rows wanted (0: as many as the weights allow without repeating).

    With `balance`, groups by that field are repeated until they reach the largest, at most `cap` times each:
    inverse frequency, capped, because a row seen fifty times is learned by heart.
    """

    weights: tuple[float, ...] = ()
    rows: int = 0
    balance: str = ""
    cap: float = 5.0
    seed: int = 0
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        if any(not weight > 0 or math.isinf(weight) for weight in self.weights):
            raise UsageError("a weight must be a number above 0", hint="write FILE=0.7")
        if self.cap < 1:
            raise UsageError("the cap must be 1 or more", hint="--cap 5 repeats a row at most five times")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """What was written, the note beside it, how many rows of each source and group went in, and the unread."""

    written: Written
    provenance: Written
    files: tuple[FileFacts, ...]
    taken: dict[str, int]
    before: dict[str, int]
    after: dict[str, int]
    unread: int


@dataclass(slots=True)
class _Held:
    """All rows, kept in a file; in memory stand offset, source, line and group of each."""

    store: IO[bytes]
    offsets: array[int] = field(default_factory=lambda: array("Q", [0]))
    sources: array[int] = field(default_factory=lambda: array("H"))
    lines: array[int] = field(default_factory=lambda: array("Q"))
    groups: array[int] = field(default_factory=lambda: array("L"))
    names: dict[str, int] = field(default_factory=dict)
    unread: int = 0

    def add(self, row: Mapping[str, Any], source: int, line: int, group: str) -> None:
        """Keep one row."""
        data = encoded(row)
        self.store.write(data)
        self.offsets.append(self.offsets[-1] + len(data))
        self.sources.append(source)
        self.lines.append(line)
        self.groups.append(self.names.setdefault(group, len(self.names)))

    def row(self, number: int) -> Any:
        """Read one row back."""
        self.store.seek(self.offsets[number])
        return json.loads(self.store.read(self.offsets[number + 1] - self.offsets[number]))


def mix(feeds: Iterable[Feed], target: Path, wanted: Mixing, progress: Progress) -> Mixed:
    """Write the mixture to `target` and where its rows came from beside it, in `<target>.provenance.jsonl`."""
    opened = [(feed, facts_of(feed, wanted.bounds)) for feed in feeds]
    if wanted.weights and len(wanted.weights) != len(opened):
        raise UsageError(
            f"{len(opened)} files and {len(wanted.weights)} weights", hint="write FILE=WEIGHT for all or none"
        )
    # Which rows go in is not worth a secret: a seed must bring back the same mixture.
    chance = random.Random(wanted.seed)  # noqa: S311
    with tempfile.TemporaryFile() as store, writing(target) as out, writing(provenance_of(target)) as notes:
        held = _Held(store)
        for source, (feed, facts) in enumerate(opened):
            _hold(held, source, feed, facts, wanted, progress)
        if wanted.balance and set(held.names) == {NO_GROUP}:
            known = ", ".join(sorted(str(name) for name in held.row(0))[:8])
            raise UsageError(f"no row has a field {wanted.balance!r}", hint=f"the first row has {known or 'no fields'}")
        chosen = [*_chosen(held, len(opened), wanted, chance)]
        chance.shuffle(chosen)
        if not chosen:
            raise NothingToJudgeError("the mixture would hold no row", hint="give files with rows, or ask for more")
        copies: Counter[int] = Counter()
        for number in chosen:
            out.write(held.row(number))
            copies[number] += 1
            notes.write(_note(held, number, copies[number], opened, out.rows))
        written, noted = out.written(), notes.written()
    by_number = {number: name for name, number in held.names.items()}
    return Mixed(
        written=written,
        provenance=noted,
        files=tuple(facts for _, facts in opened),
        taken=_named(Counter(held.sources[n] for n in chosen), {i: feed.name for i, (feed, _) in enumerate(opened)}),
        before=_named(Counter(held.groups), by_number) if wanted.balance else {},
        after=_named(Counter(held.groups[n] for n in chosen), by_number) if wanted.balance else {},
        unread=held.unread,
    )


def _hold(held: _Held, source: int, feed: Feed, facts: FileFacts, wanted: Mixing, progress: Progress) -> None:
    for row in walk(feed, facts, wanted.bounds, progress):
        if not isinstance(row.value, dict):
            held.unread += 1
            continue
        facts.rows += 1
        group = look_up(row.value, wanted.balance) if wanted.balance else ""
        if wanted.balance == "label" and group is None:
            group = shapes.read(feed.name, row.line, row.value).label
        held.add(row.value, source, row.line, NO_GROUP if group is None else str(group))


def _chosen(held: _Held, sources: int, wanted: Mixing, chance: random.Random) -> Iterator[int]:
    if wanted.balance:
        yield from _balanced(held, wanted, chance)
        return
    by_source: list[list[int]] = [[] for _ in range(sources)]
    for number, source in enumerate(held.sources):
        by_source[source].append(number)
    weights = wanted.weights or tuple(float(len(numbers)) for numbers in by_source)
    for numbers, count in zip(by_source, _shares(by_source, weights, wanted.rows), strict=True):
        yield from chance.sample(numbers, count)


def _shares(by_source: list[list[int]], weights: tuple[float, ...], wanted: int) -> list[int]:
    """How many rows each source gives; none gives a row twice.

    Raises `UsageError` where a source has too few.
    """
    whole = sum(weights) or 1.0
    total = wanted or math.floor(
        min((len(n) * whole / w for n, w in zip(by_source, weights, strict=True) if w), default=0) + 1e-9
    )
    exact = [total * weight / whole for weight in weights]
    counts = [math.floor(share + 1e-9) for share in exact]
    by_rest = sorted(range(len(exact)), key=lambda i: counts[i] - exact[i])
    for i in by_rest[: total - sum(counts)]:
        counts[i] += 1
    for i, (numbers, count) in enumerate(zip(by_source, counts, strict=True)):
        if count > len(numbers):
            if wanted:
                raise UsageError(
                    f"source {i + 1} has {len(numbers)} rows, {count} are wanted", hint="ask for fewer --rows"
                )
            counts[i] = len(numbers)
    return counts


def _balanced(held: _Held, wanted: Mixing, chance: random.Random) -> Iterator[int]:
    """Every row once, and again as often as its group is smaller than the largest, within the cap."""
    by_group: dict[int, list[int]] = {}
    for number, group in enumerate(held.groups):
        by_group.setdefault(group, []).append(number)
    largest = max(map(len, by_group.values()), default=0)
    for numbers in by_group.values():
        total = min(largest, math.floor(wanted.cap * len(numbers)))
        whole, rest = divmod(total, len(numbers))
        yield from numbers * whole
        yield from chance.sample(numbers, rest)


def _note(held: _Held, number: int, copy: int, opened: list[tuple[Feed, FileFacts]], row: int) -> dict[str, str | int]:
    name = opened[held.sources[number]][0].name
    return {"row": row, "file": name, "line": held.lines[number], "copy": copy}


def _named(counts: Mapping[int, int], names: Mapping[int, str]) -> dict[str, int]:
    return {names[number]: count for number, count in sorted(counts.items())}
