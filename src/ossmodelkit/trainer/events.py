"""What the trainer tells its parent while it works: one JSON object a line on standard output."""

from __future__ import annotations

import json
import signal
import sys
from typing import Any, TextIO

from ossmodelkit.core.training import EVENT_MARK


class Voice:
    """Says events; only the first process of a distributed run has one that is heard."""

    def __init__(self, *, heard: bool = True, out: TextIO | None = None) -> None:
        self._out = (out or sys.stdout) if heard else None
        self.warnings: list[str] = []

    def say(self, event: str, **facts: Any) -> None:
        """Send one event. When the parent has gone away the run saves and leaves: nobody would take its record."""
        if self._out is None:
            return
        try:
            self._out.write(EVENT_MARK + json.dumps({"event": event, **facts}) + "\n")
            self._out.flush()
        except (BrokenPipeError, ValueError):
            self._out = None
            signal.raise_signal(signal.SIGTERM)

    def warn(self, text: str) -> None:
        """Something a person should know, while the run goes on."""
        self.warnings.append(text)
        self.say("warning", text=text)
