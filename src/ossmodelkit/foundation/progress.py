"""A progress bar for people, silence for machines.

Capabilities are handed a `Progress` and never ask whether somebody is watching.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """One piece of long work."""

    def advance(self, by: float = 1, note: str = "") -> None:
        """So much more is done; `note` is shown beside the bar."""


class Progress(Protocol):
    """Something that can show long work."""

    def task(self, label: str, total: float | None, unit: str = "") -> AbstractContextManager[Task]:
        """Announce `total` steps of work; `unit` "bytes" shows a transfer rate."""


class _SilentTask:
    def advance(self, by: float = 1, note: str = "") -> None:
        """Nobody is watching."""


class Silent:
    """No output at all: pipes, CI and library use."""

    @contextmanager
    def task(self, label: str, total: float | None, unit: str = "") -> Iterator[Task]:
        """Do the work without a word."""
        yield _SilentTask()


class Bars:
    """Bars on standard error, shown only once work has lasted noticeably long."""

    @contextmanager
    def task(self, label: str, total: float | None, unit: str = "") -> Iterator[Task]:
        """Show one bar until the block ends."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            ProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress

        count: ProgressColumn = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            count,
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        with RichProgress(*columns, console=Console(stderr=True), transient=True) as bars:
            number = bars.add_task(label, total=total, note="")

            class _Shown:
                def advance(self, by: float = 1, note: str = "") -> None:
                    bars.update(number, advance=by)
                    if note:
                        bars.update(number, note=note)

            yield _Shown()


def for_people() -> Progress:
    """Bars when standard error is a terminal, silence otherwise."""
    return Bars() if sys.stderr.isatty() else Silent()
