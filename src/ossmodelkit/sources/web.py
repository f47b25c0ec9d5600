"""GET with manners: follows a few redirects, keeps the token at home, waits when asked to, and gives up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ossmodelkit import __version__
from ossmodelkit.foundation.errors import KitError, SourceError, UnreadableError
from ossmodelkit.sources.addresses import Address, follow, parse
from ossmodelkit.sources.connections import Answer, BrokenLineError, Connections, Headers, Most
from ossmodelkit.sources.patience import Patience
from ossmodelkit.sources.traffic import Traffic

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({408, 429, 500, 502, 503, 504})
MOST_REDIRECTS = 5
MOST_OF_AN_ERROR = 4096
SENT = {"User-Agent": f"ossmodelkit/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The last answer of a chain of redirects: where it came from, and what the first server had said."""

    url: str
    answer: Answer
    first: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A secret, and the only place that may see it."""

    home: str
    secret: str = field(repr=False)

    def headers_for(self, address: Address) -> dict[str, str]:
        """The login for `address`: empty for everybody but the token's home."""
        at_home = self.secret and parse(self.home).origin == address.origin
        return {"Authorization": f"Bearer {self.secret}"} if at_home else {}


class Web:
    """All requests of one source."""

    def __init__(
        self,
        *,
        token: Token | None = None,
        patience: Patience | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        self.traffic = traffic or Traffic()
        self._connections = Connections(patience)
        self._patience = self._connections.patience
        self._token = token

    def get(self, url: str, *, most: Most, headers: Headers | None = None, expect: int = 0) -> Reply:
        """The answer at `url`, whatever its status; `most` says how many bytes of a good one to read.

        `expect` bytes must still be within the limit. Raises `UnreadableError` when there is no answer after
        a few tries, all of them within bounds of time.
        """
        self.traffic.check(expect)
        trouble = ""
        for attempt in range(self._patience.tries):
            try:
                reply = self._follow(url, headers or {}, most)
            except BrokenLineError as error:
                trouble, wait = str(error), self._pause(attempt)
            else:
                if reply.answer.status not in PASSING and (reply.answer.whole or reply.answer.status >= 400):
                    return reply
                trouble, wait = _complaint(reply), self._wait_for(reply, attempt)
            if attempt + 1 < self._patience.tries:
                time.sleep(wait)
        raise UnreadableError(f"{parse(url).shown} cannot be read: {trouble}", hint="try again later")

    def _follow(self, url: str, headers: Headers, most: Most) -> Reply:
        def take(status: int, told: Headers) -> int:
            return most(status, told) if status < 300 else MOST_OF_AN_ERROR

        address = parse(url)
        first: Headers | None = None
        for _ in range(MOST_REDIRECTS + 1):
            sent = SENT | dict(headers) | (self._token.headers_for(address) if self._token else {})
            answer = self._connections.get(address, sent, take)
            self.traffic.add(len(answer.body))
            first = answer.headers if first is None else first
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or not location:
                return Reply(url=url, answer=answer, first=first)
            address, url = follow(address, url, location)
        raise UnreadableError(f"{address.shown} redirects more than {MOST_REDIRECTS} times")

    def _wait_for(self, reply: Reply, attempt: int) -> float:
        asked = _retry_after(reply.answer.headers.get("retry-after", ""))
        if asked is not None and asked > self._patience.longest_wait_seconds:
            raise UnreadableError(
                f"{parse(reply.url).shown} asks to come back in {asked:.0f} seconds",
                hint="wait that long; a token (HF_TOKEN) often raises the limit",
            )
        return self._pause(attempt) if asked is None else asked

    def _pause(self, attempt: int) -> float:
        return self._patience.first_pause_seconds * 2.0**attempt


def refused(reply: Reply, what: str) -> KitError:
    """What an answer that is not good means for `what`, and what to do about it."""
    status, code = reply.answer.status, reply.answer.headers.get("x-error-code", "")
    if code == "GatedRepo" or status == 403:
        hint = "accept its terms on its page, and set HF_TOKEN to a token that may read it"
        return UnreadableError(f"{what} is closed to you (HTTP {status})", hint=hint)
    if code == "RevisionNotFound":
        return SourceError(f"no such revision: {what}", hint="give a branch, a tag or a commit that exists")
    if status == 401:
        return SourceError(f"{what} does not exist, or needs a token", hint="check the name, or set HF_TOKEN")
    if status in {404, 410}:
        return SourceError(f"nothing is at {what}", hint="check the name")
    return UnreadableError(f"{what} cannot be read: HTTP {status}", hint="try again later")


def _complaint(reply: Reply) -> str:
    if reply.answer.status in PASSING:
        return f"HTTP {reply.answer.status}"
    return "the answer ends early"


def _retry_after(told: str) -> float | None:
    if told.strip().isdecimal():
        return float(told)
    try:
        when = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
