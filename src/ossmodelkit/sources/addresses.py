"""Which addresses we will talk to: https anywhere, plain http on this very machine only."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from ossmodelkit.foundation.errors import SourceError, UnreadableError

PORTS = {"https": 443, "http": 80}
LONGEST = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL taken apart; `target` is path and query, as sent in the request line."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What has to be equal for a token to be sent."""
        return self.scheme, self.host, self.port

    @property
    def loopback(self) -> bool:
        """Whether this is the machine we run on, going by the name."""
        return self.host == "localhost" or is_loopback(self.host)

    @property
    def shown(self) -> str:
        """The address without its query, which may hold a signature."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target.partition('?')[0]}"


def parse(url: str) -> Address:
    """Take `url` apart.

    Raises `SourceError` for anything but https (or http to this machine), and for a password inside.
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise SourceError("the URL holds characters that no URL has", hint="percent-encode them")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise SourceError(f"not a URL: {error}") from error
    if parts.scheme not in PORTS or not host:
        raise SourceError(f"cannot fetch from {parts.scheme or 'nowhere'}://{host}", hint="give an https:// URL")
    if "@" in parts.netloc:
        raise SourceError("the URL holds a password", hint="leave it out: it would end up in reports and histories")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = Address(scheme=parts.scheme, host=host, port=port or PORTS[parts.scheme], target=target)
    if address.scheme == "http" and not address.loopback:
        raise SourceError(f"{address.shown} is not encrypted", hint="give an https:// URL")
    return address


def follow(address: Address, url: str, location: str) -> tuple[Address, str]:
    """Where a redirect from `url` leads: the new address, and its URL.

    Raises `UnreadableError` when it leads to an unencrypted place, or from outside into this machine.
    """
    next_url = urljoin(url, location)
    try:
        found = parse(next_url)
    except SourceError as error:
        raise UnreadableError(f"{address.shown} redirects badly: {error.message}") from error
    if found.loopback and not address.loopback:
        raise UnreadableError(f"{address.shown} redirects to this machine", hint="do not trust that server")
    return found, next_url


def is_loopback(host: str) -> bool:
    """Whether an IP address is one of this machine's own."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
