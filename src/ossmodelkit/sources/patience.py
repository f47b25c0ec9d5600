"""How long a server may take over one answer, from its first byte to its last.

A time limit on each single read lets a server hold a line for ever with one byte every few seconds.
"""

from __future__ import annotations

import io
import socket
import time
from dataclasses import dataclass, field
from typing import Any

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server may take: seconds to connect, seconds of grace for an answer, then bytes per second."""

    connect_seconds: float = 10.0
    grace_seconds: float = 30.0
    slowest_bytes_per_second: float = 8 * 1024
    tries: int = 4
    first_pause_seconds: float = 0.5
    longest_wait_seconds: float = 30.0


@dataclass(slots=True)
class Clock:
    """Seconds that are left, given how many bytes have come so far."""

    patience: Patience
    started: float = field(default_factory=time.monotonic)
    received: int = 0

    @property
    def left(self) -> float:
        """Zero or less when the server has used up its time."""
        earned = self.received / self.patience.slowest_bytes_per_second
        return self.patience.grace_seconds + earned - (time.monotonic() - self.started)


class _Timed(io.RawIOBase):
    """A socket's bytes, under a clock."""

    def __init__(self, connected: socket.socket, clock: Clock) -> None:
        self._socket = connected
        self._raw = connected.makefile("rb", buffering=0)
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._clock.left
        if left <= 0:
            raise TimeoutError("the answer came too slowly")
        self._socket.settimeout(left)
        count = self._raw.readinto(buffer)
        self._clock.received += count or 0
        return int(count or 0)

    def close(self) -> None:
        self._raw.close()
        super().close()


@dataclass(frozen=True, slots=True)
class Door:
    """What `HTTPResponse` wants from a socket."""

    connected: socket.socket
    clock: Clock

    def makefile(self, mode: str) -> io.BufferedReader:
        """The bytes that come in."""
        return io.BufferedReader(_Timed(self.connected, self.clock), CHUNK)
