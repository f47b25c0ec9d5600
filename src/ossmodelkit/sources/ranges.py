"""One file behind a URL, read by byte ranges, and held to what it said of itself before.

Source: RFC 9110, sections 14 (range requests) and 8.8 (validators).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import MIB
from ossmodelkit.sources.connections import Headers
from ossmodelkit.sources.web import Reply, Web, refused

WHOLE = 32 * MIB  # up to here a server that ignores ranges is put up with
CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,19})-(\d{1,19})|\*)/(\d{1,19}|\*)")
STALE = frozenset({400, 401, 403, 404, 410})  # what a signed address says when its time is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes of a file and the offset they begin at."""

    offset: int
    data: bytes


class RangedUrl:
    """Fetches pieces. `called` is the file's name for people, `size` its bytes, None until the server says.

    `inspect` sees what the first server of a chain of redirects told about the file.
    """

    def __init__(
        self,
        web: Web,
        url: str,
        *,
        called: str,
        size: int | None = None,
        inspect: Callable[[Headers], None] | None = None,
    ) -> None:
        self.size = size
        self.told: Headers = {}
        self._web = web
        self._url = url
        self._called = called
        self._inspect = inspect
        self._direct = ""
        self._version = ""

    def fetch(self, offset: int, count: int) -> Piece:
        """At least the bytes from `offset` to `offset + count`, or to the end of the file.

        Raises `UnreadableError` when the server ignores ranges, lies, or the file has changed.
        """
        reply = self._ask({"Range": f"bytes={offset}-{offset + count - 1}"}, count)
        status = reply.answer.status
        if status in {200, 206}:
            self._same_version(reply.answer.headers)
        if status == 206:
            return self._part(reply, offset, count)
        if status == 200:
            return self._everything(reply)
        if status == 416 and offset == 0 and self.size in {None, 0}:
            self.size = 0
            return Piece(offset=0, data=b"")
        if status == 416:
            raise self._changed("is shorter now")
        raise refused(reply, self._called)

    def _ask(self, headers: Headers, count: int) -> Reply:
        def most(status: int, told: Headers) -> int:
            return count if status == 206 else WHOLE if _length(told) <= WHOLE else 0

        if self._direct:
            reply = self._web.get(self._direct, most=most, headers=headers, expect=count)
            if reply.answer.status not in STALE:
                return reply
        reply = self._web.get(self._url, most=most, headers=headers, expect=count)
        if reply.answer.status < 300:
            if self._inspect:
                self._inspect(reply.first)
            self._direct = reply.url
            self.told = reply.answer.headers
        return reply

    def _part(self, reply: Reply, offset: int, count: int) -> Piece:
        found = CONTENT_RANGE.fullmatch(reply.answer.headers.get("content-range", "").strip())
        if not found or found[1] is None:
            raise self._lie("does not say which bytes it sent")
        first, last = int(found[1]), int(found[2])
        self._same_size(None if found[3] == "*" else int(found[3]))
        size = self.size or 0
        if (first, last) != (offset, min(offset + count, size) - 1):
            raise self._lie(f"sent bytes {first}-{last} where {offset}-{offset + count - 1} were asked for")
        if len(reply.answer.body) != last - first + 1 or reply.answer.more:
            raise self._lie(f"announced {last - first + 1} bytes and sent another number")
        return Piece(offset=first, data=reply.answer.body)

    def _everything(self, reply: Reply) -> Piece:
        if reply.answer.more:
            raise UnreadableError(
                f"the server of {self._called} does not honor range requests, and the file is too large to take whole",
                hint="download it and give the file",
            )
        self._same_size(len(reply.answer.body))
        return Piece(offset=0, data=reply.answer.body)

    def _same_size(self, told: int | None) -> None:
        if self.size is None:
            if told is None:
                raise self._lie("does not say how large the file is")
            self.size = told
        if told not in {None, self.size}:
            raise self._changed(f"has {told} bytes, {self.size} were listed")

    def _same_version(self, told: Headers) -> None:
        if told.get("content-encoding", "identity") != "identity":
            raise self._lie("sends it compressed, unasked")
        version = told.get("etag") or told.get("last-modified") or ""
        self._version = self._version or version
        if version and version != self._version:
            raise self._changed("has another ETag")

    def _changed(self, how: str) -> UnreadableError:
        return UnreadableError(f"{self._called} changed while it was read: it {how}", hint="start again")

    def _lie(self, how: str) -> UnreadableError:
        return UnreadableError(f"the server of {self._called} {how}", hint="download it and give the file")


def _length(told: Headers) -> int:
    length = told.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0
