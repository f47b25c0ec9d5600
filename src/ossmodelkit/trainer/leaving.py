"""Being asked to leave: SIGTERM and Ctrl-C set a flag, and the loop saves before it goes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def asked_to_leave() -> Iterator[Callable[[], bool]]:
    """A question that turns true with the first signal; a second one takes the usual way out."""
    asked: list[int] = []

    def note(number: int, frame: object) -> None:
        if asked:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        asked.append(number)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
