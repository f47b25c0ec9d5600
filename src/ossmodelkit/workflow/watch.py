"""Scan what arrives in a folder, file by file, once nobody writes to it any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ossmodelkit.core.finding import Severity
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.sources.watching import Watch
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.scan import scan

LOOK_EVERY_SECONDS = 0.5


def watch(folder: Path, *, desk: Desk, fail_on: Severity = Severity.MEDIUM) -> Iterator[Report]:
    """A report for every file that is new or changed, without end.

    What is there at the start is scanned as well: it was never judged. Raises `UsageError` when `folder` is none.
    """
    if not folder.is_dir():
        raise UsageError(f"{str(folder)!r} is not a folder", hint="--watch takes one folder, such as ~/Downloads")
    known = Watch(folder)
    while True:
        for name in known.step(time.monotonic()):
            if (folder / name).is_file():
                yield scan(str(folder / name), desk=desk, fail_on=fail_on)
        time.sleep(LOOK_EVERY_SECONDS)
