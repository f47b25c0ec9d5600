"""A bar over remote files shows what was fetched: one large file can take longer than all others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ossmodelkit.core.source import Source
from ossmodelkit.foundation.progress import Progress, Task
from ossmodelkit.sources.traffic import Traffic, traffic_of


def listening(progress: Progress, source: Source) -> Progress:
    """The same progress; for a remote source every block that arrives is noted beside the bar."""
    traffic = traffic_of(source)
    return progress if traffic is None else _Listening(progress, traffic)


class _Listening:
    def __init__(self, progress: Progress, traffic: Traffic) -> None:
        self._progress = progress
        self._traffic = traffic

    @contextmanager
    def task(self, label: str, total: float | None, unit: str = "") -> Iterator[Task]:
        with self._progress.task(label, total, unit) as task:
            self._traffic.heard = lambda said: task.advance(0, said)
            try:
                yield task
            finally:
                self._traffic.heard = None
