"""One entry of a source, whatever it is: what became of it, and what was said about it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ossmodelkit.core.artifact import Entry, EntryKind
from ossmodelkit.core.check import Answers, Check
from ossmodelkit.core.finding import Place
from ossmodelkit.core.source import Source
from ossmodelkit.formats.reading import Reader
from ossmodelkit.foundation.limits import Budget
from ossmodelkit.scanning.blobs import Reading, read_blob
from ossmodelkit.scanning.plugged import plugged
from ossmodelkit.scanning.verdict import Word, word_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost: bytes held in memory, nesting, members, and seconds."""

    max_bytes: int = 256 * 1024 * 1024
    max_depth: int = 8
    max_members: int = 100_000
    max_seconds: float = 60.0

    def budget(self) -> Budget:
        """A fresh budget for one file, its clock already running."""
        return Budget(
            bytes_left=self.max_bytes,
            depth_left=self.max_depth,
            members_left=self.max_members,
            deadline=time.monotonic() + self.max_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What became of one entry: which readers read it, whether all of it was seen, and the word for it."""

    name: str
    size: int
    readings: tuple[str, ...]
    covered: bool
    verdict: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is asked of every entry; `plugged` names entry points whose checks are asked besides ours."""

    source: Source
    limits: Limits
    readers: tuple[Reader, ...]
    plugged: tuple[str, ...] = ()

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of other packages."""
        return tuple(check for one in plugged(self.plugged) for check in one.checks) if self.plugged else ()

    def reading(self) -> Reading:
        """An empty reading with a fresh budget."""
        return Reading(budget=self.limits.budget(), readers=self.readers, more=self.checks)


def inspect_entry(work: Work, entry: Entry) -> tuple[FileResult, Answers]:
    """Read and judge one entry; its troubles become gaps."""
    reading = work.reading()
    if entry.kind is EntryKind.FILE:
        read_blob(work.source, entry, reading)
    elif entry.kind is EntryKind.SYMLINK:
        reading.covered = True  # the repository view judges where it leads
    else:
        reading.gap(Place(path=entry.name), f"{entry.kind}: {entry.why}")
    return outcome_of(entry, reading)


def lost(work: Work, entry: Entry, reason: str) -> tuple[FileResult, Answers]:
    """The outcome for an entry that nobody came back from."""
    reading = work.reading()
    reading.gap(Place(path=entry.name), reason)
    return outcome_of(entry, reading)


def outcome_of(entry: Entry, reading: Reading) -> tuple[FileResult, Answers]:
    """What `reading` amounts to."""
    answers = Answers(findings=tuple(reading.findings), gaps=tuple(reading.gaps))
    result = FileResult(
        name=entry.name,
        size=entry.size,
        readings=tuple(reading.readings),
        covered=reading.covered and not reading.gaps,
        verdict=word_for(answers.findings, answers.gaps),
    )
    return result, answers
