"""Many entries at once: processes for files on this machine, threads for what comes over a network."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ossmodelkit.core.artifact import Entry
from ossmodelkit.core.check import Answers
from ossmodelkit.core.source import Source
from ossmodelkit.formats.readers import READERS
from ossmodelkit.scanning.entry import FileResult, Limits, Work, inspect_entry, lost

if TYPE_CHECKING:
    from concurrent.futures import Executor

# Below this, starting workers costs more than they save.
WORTH_FILES = 24
WORTH_BYTES = 32 * 1024 * 1024
BATCHES = 32  # for each worker
LARGEST_BATCH = 16
WAITING = 8  # what comes over a network is waited for, not worked on
KILLED = "the process that read this file was killed; it may need more memory than there is"

_work: Work | None = None


def spread(work: Work, entries: Sequence[Entry], jobs: int) -> Iterator[tuple[FileResult, Answers]]:
    """The outcome of every entry, in their order.

    Workers are started before this returns: once a progress bar runs its thread they can no longer be forked,
    and starting them afresh takes four times as long.
    """
    local = isinstance(getattr(work.source, "root", None), Path)
    jobs = min(jobs or (processors() if local else WAITING), len(entries))
    travels = local and work.readers is READERS
    small = len(entries) < WORTH_FILES and sum(entry.size for entry in entries) < WORTH_BYTES
    if jobs <= 1 or small:
        return (inspect_entry(work, entry) for entry in entries)
    if travels:
        return _by_processes(work, entries, jobs)
    return _by_threads(work, entries, jobs)


def _by_threads(work: Work, entries: Sequence[Entry], jobs: int) -> Iterator[tuple[FileResult, Answers]]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(lambda entry: inspect_entry(work, entry), entries)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _by_processes(work: Work, entries: Sequence[Entry], jobs: int) -> Iterator[tuple[FileResult, Answers]]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    forks = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if forks else "spawn")
    # Small batches keep all workers busy to the end; with many files larger ones save messages.
    batch = max(1, min(LARGEST_BATCH, len(entries) // (jobs * BATCHES)))
    # Readers and checks hold functions, which cannot travel: workers take the shipped ones, and load what is named.
    given = (work.source, work.limits, work.plugged)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=given)
    try:
        outcomes = pool.map(_inspect, entries, chunksize=batch)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return _collected(pool, outcomes, work, entries)


def _collected(
    pool: Executor, outcomes: Iterator[tuple[FileResult, Answers]], work: Work, entries: Sequence[Entry]
) -> Iterator[tuple[FileResult, Answers]]:
    """What the workers bring; what a worker that was killed did not bring is lost, and said to be."""
    from concurrent.futures.process import BrokenProcessPool

    done = 0
    try:
        with pool:
            for outcome in outcomes:
                done += 1
                yield outcome
    except BrokenProcessPool:
        yield from (lost(work, entry, KILLED) for entry in entries[done:])


def _begin(source: Source, limits: Limits, plugged: tuple[str, ...]) -> None:
    global _work
    _work = Work(source=source, limits=limits, readers=READERS, plugged=plugged)


def _inspect(entry: Entry) -> tuple[FileResult, Answers]:
    assert _work is not None
    return inspect_entry(_work, entry)
