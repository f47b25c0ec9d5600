"""Sockets that are kept open between requests, and that no server can hold for ever.

`http.client` from the standard library, with three things added: a pool, a proxy from the environment,
and a clock that covers the whole answer, so that one byte every few seconds is not "alive".
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.sources.addresses import Address, is_loopback
from ossmodelkit.sources.patience import CHUNK, Clock, Door, Patience

MOST_IDLE = 16

Headers = Mapping[str, str]
Most = Callable[[int, Headers], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one request got: status, headers in lower case, and as much of the body as was asked for.

    `whole` tells whether the body ended where the server said it would; `more` whether we stopped first.
    """

    status: int
    headers: Headers
    body: bytes
    whole: bool = True
    more: bool = False


class BrokenLineError(Exception):
    """The connection failed in a way that a second try may cure."""


class Connections:
    """Asks servers; keeps the lines open; safe to share between threads, and after a fork."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._idle: dict[tuple[str, str, int], list[HTTPConnection]] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()

    def __reduce__(self) -> tuple[Any, ...]:
        return Connections, (self.patience,)

    def get(self, address: Address, headers: Headers, most: Most) -> Answer:
        """One GET; `most` looks at status and headers and says how many bytes of the body to read.

        Raises `BrokenLineError` when the line breaks and `UnreadableError` when it cannot be set up.
        """
        line, used = self._take(address)
        try:
            answer, reusable = self._exchange(line, address, headers, most)
        except (OSError, HTTPException, ssl.SSLError) as error:
            line.close()
            if used and isinstance(error, ConnectionError):
                return self.get(address, headers, most)  # the server had hung up between two requests
            raise _trouble(address, error) from error
        except BaseException:
            line.close()
            raise
        if reusable:
            self._give_back(address, line)
        else:
            line.close()
        return answer

    def _exchange(self, line: HTTPConnection, address: Address, headers: Headers, most: Most) -> tuple[Answer, bool]:
        clock = Clock(self.patience)
        line.response_class = lambda sock, **more: HTTPResponse(Door(sock, clock), **more)  # type: ignore[assignment,arg-type]
        if line.sock is None:
            line.connect()
            _refuse_a_way_in(line, address)
        line.sock.settimeout(self.patience.grace_seconds)
        line.request("GET", address.target, headers=dict(headers))
        response = line.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        body, more = _body(response, most(response.status, told))
        whole = more or not response.length
        return (
            Answer(status=response.status, headers=told, body=body, whole=whole, more=more),
            whole and not more and response.isclosed() and not response.will_close,
        )

    def _take(self, address: Address) -> tuple[HTTPConnection, bool]:
        with self._lock:
            if self._process != os.getpid():  # a forked child must not talk on its parent's lines
                self._idle, self._process = {}, os.getpid()
            if waiting := self._idle.get(address.origin):
                return waiting.pop(), True
        return _line_to(address, self.patience.connect_seconds), False

    def _give_back(self, address: Address, line: HTTPConnection) -> None:
        with self._lock:
            waiting = self._idle.setdefault(address.origin, [])
            if len(waiting) < MOST_IDLE:
                waiting.append(line)
                return
        line.close()


def _line_to(address: Address, seconds: float) -> HTTPConnection:
    proxy = None if address.loopback or proxy_bypass(address.host) else getproxies().get(address.scheme)
    if not proxy:
        if address.scheme == "http":
            return HTTPConnection(address.host, address.port, timeout=seconds)
        return HTTPSConnection(address.host, address.port, timeout=seconds, context=_trust())
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    line = HTTPSConnection(parts.hostname or "", parts.port or 8080, timeout=seconds, context=_trust())
    line.set_tunnel(address.host, address.port, headers=_proxy_login(parts.username, parts.password))
    return line


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _proxy_login(name: str | None, password: str | None) -> dict[str, str]:
    if name is None:
        return {}
    from base64 import b64encode

    return {"Proxy-Authorization": "Basic " + b64encode(f"{unquote(name)}:{unquote(password or '')}".encode()).decode()}


def _refuse_a_way_in(line: HTTPConnection, address: Address) -> None:
    """A public name that resolves to this machine is how a page reaches services that trust localhost."""
    tunneled = bool(getattr(line, "_tunnel_host", None))
    if not address.loopback and not tunneled and is_loopback(str(line.sock.getpeername()[0])):
        raise UnreadableError(f"{address.shown} leads back to this machine", hint="do not trust that address")


def _body(response: HTTPResponse, most: int) -> tuple[bytes, bool]:
    """At most `most` bytes, and whether the body had more."""
    parts: list[bytes] = []
    left = most + 1
    while left > 0 and (part := response.read(min(left, CHUNK))):
        parts.append(part)
        left -= len(part)
    body = b"".join(parts)
    return body[:most], len(body) > most


def _trouble(address: Address, error: Exception) -> Exception:
    if isinstance(error, ssl.SSLCertVerificationError):
        return UnreadableError(
            f"the certificate of {address.host} cannot be trusted: {error.verify_message}",
            hint="set SSL_CERT_FILE if your company has its own authority",
        )
    if isinstance(error, socket.gaierror):
        return UnreadableError(f"no host is called {address.host}", hint="check the address and the network")
    return BrokenLineError(f"{type(error).__name__}: {error}")
