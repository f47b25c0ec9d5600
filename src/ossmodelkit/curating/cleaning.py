"""Write a copy of the data that is fit to train on: redacted, readable, without repeats; never in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ossmodelkit.core.check import Check
from ossmodelkit.curating import shapes, takeover
from ossmodelkit.curating.contamination import Examination
from ossmodelkit.curating.duplicates import NearDuplicates
from ossmodelkit.curating.example import Example
from ossmodelkit.curating.fingerprints import text_digest, words
from ossmodelkit.curating.output import RowWriter, Written, writing
from ossmodelkit.curating.reading.walking import FileFacts, facts_of, walk
from ossmodelkit.curating.redacting import Redactor
from ossmodelkit.curating.row import Bounds, Feed
from ossmodelkit.curating.rules import structure
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.progress import Progress
from ossmodelkit.foundation.wire import did_you_mean

DROPS = ("near-duplicates", "broken", "takeover")
SHORTEST_SALT = 16
# What is reported from one half on is left out only where little is lost.
ALIKE_ENOUGH = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """What to leave out beyond unreadable rows and exact repeats, and where to keep a map of the placeholders.

    `drop` holds any of near-duplicates, broken (rows a structure rule speaks against) and takeover.
    """

    drop: tuple[str, ...] = ()
    shape: str = ""
    map: Path | None = None
    salt: bytes = b""
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        if unknown := [name for name in self.drop if name not in DROPS]:
            raise UsageError(f"cannot drop {unknown[0]!r}", hint=did_you_mean(unknown[0], DROPS))
        if self.map and len(self.salt) < SHORTEST_SALT:
            raise UsageError(
                "a map needs a salt of 16 bytes or more", hint="head -c 32 /dev/urandom > salt; --salt salt"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What was written, from which files, what was taken out and how many rows were left out, by reason."""

    written: Written
    files: tuple[FileFacts, ...]
    replaced: dict[str, int]
    left_out: dict[str, int]


def clean(
    feeds: Iterable[Feed], against: Iterable[Feed], target: Path, wanted: Cleaning, progress: Progress
) -> Cleaned:
    """Write the cleaned rows of `feeds` to `target`, and the map where one is asked for."""
    every = tuple(feeds)
    exams = tuple(against)
    run = _Run(wanted, progress)
    opened = [(feed, facts_of(feed, wanted.bounds)) for feed in every]
    for feed in exams:
        for row in walk(feed, facts_of(feed, wanted.bounds), wanted.bounds, progress):
            if isinstance(row.value, dict):
                run.exam.add(shapes.read(feed.name, row.line, row.value))
    if "near-duplicates" in wanted.drop:
        run.find_near(every)
    with ExitStack() as stack:
        out = stack.enter_context(writing(target))
        mapped = stack.enter_context(writing(wanted.map)) if wanted.map else None
        for feed, facts in opened:
            run.copy(feed, facts, out, mapped)
        written = out.written()
    return Cleaned(
        written=written,
        files=tuple(facts for _, facts in opened),
        replaced=dict(sorted(run.replaced.items())),
        left_out=dict(sorted(run.left_out.items())),
    )


class _Run:
    """What is held while the rows go by. Mutable: one for each run."""

    def __init__(self, wanted: Cleaning, progress: Progress) -> None:
        self.wanted = wanted
        self.progress = progress
        self.shape = shapes.named(wanted.shape) if wanted.shape else None
        self.exam = Examination()
        self.replaced: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self._seen: set[int] = set()
        self._near: set[int] = set()
        self._number = -1

    def find_near(self, feeds: Iterable[Feed]) -> None:
        """A pass of its own: which rows are nearly the same as an earlier one."""
        near = NearDuplicates()
        for feed in feeds:
            for row in walk(feed, facts_of(feed, self.wanted.bounds), self.wanted.bounds, self.progress):
                if isinstance(row.value, dict):
                    near.add(words(shapes.read(feed.name, row.line, row.value, self.shape).body))
        self._near = {pair.later for pair in near.pairs() if pair.alike >= ALIKE_ENOUGH}

    def copy(self, feed: Feed, facts: FileFacts, out: RowWriter, mapped: RowWriter | None) -> None:
        """Copy the rows of one file that stay."""
        for row in walk(feed, facts, self.wanted.bounds, self.progress):
            if not isinstance(row.value, dict):
                if row.value is not None or any(flaw.rule != "data-mixed-encoding" for flaw in row.flaws):
                    self.left_out["cannot be read"] += 1
                continue
            facts.rows += 1
            example = shapes.read(feed.name, row.line, row.value, self.shape)
            if reason := self._why_not(example):
                self.left_out[reason] += 1
                continue
            redactor = Redactor()
            out.write(redactor.row(row.value))
            self._note(redactor, example, out.rows, mapped)

    def _why_not(self, example: Example) -> str:
        self._number += 1
        digest = text_digest(example.whole)
        if digest in self._seen:
            return "repeats an earlier row"
        self._seen.add(digest)
        if self._number in self._near:
            return "nearly repeats an earlier row"
        if self.exam.items and self.exam.find(example):
            return "stands in an evaluation file"
        if "broken" in self.wanted.drop and any(_speaks(rule, example) for rule in structure.RULES):
            return "breaks a rule about turns"
        if "takeover" in self.wanted.drop and any(any(takeover.find(text)) for _, text in example.texts):
            return "tries to take over the model"
        return ""

    def _note(self, redactor: Redactor, example: Example, number: int, mapped: RowWriter | None) -> None:
        if redactor.hidden:
            self.replaced["data-hidden-characters"] += redactor.hidden
        for one in redactor.replaced:
            self.replaced[one.rule] += 1
            if mapped:
                mapped.write(
                    {
                        "row": number,
                        "file": example.path,
                        "line": example.line,
                        "field": one.field,
                        "placeholder": one.placeholder,
                        "hmac_sha256": one.digest(self.wanted.salt),
                    }
                )


def _speaks(rule: Check, example: Example) -> bool:
    return next(iter(rule.ask(example)), None) is not None
