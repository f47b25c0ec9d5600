"""A model hub and its content network, on two ports of this machine, that misbehave on request.

Speaks what clients of the hub rely on: revisions, paged trees, `resolve` with a redirect to a signed address
on the other port, ranges, ETags, gates. `huggingface_hub` itself downloads from it in the tests.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

LFS_FROM = 1024  # smaller files lie in git, as text files do
PAGE = 50


@dataclass(frozen=True)
class Sparse:
    """A file of any size that is zero but for a few pieces: 140 GB cost nothing here."""

    size: int
    pieces: Mapping[int, bytes] = field(default_factory=dict)

    def read(self, offset: int, count: int) -> bytes:
        """The bytes at `offset`."""
        count = max(0, min(count, self.size - offset))
        out = bytearray(count)
        for start, data in self.pieces.items():
            low, high = max(start, offset), min(start + len(data), offset + count)
            if low < high:
                out[low - offset : high - offset] = data[low - start : high - start]
        return bytes(out)

    @cached_property
    def sha256(self) -> str:
        """The digest; of a file too large to hash, one that only looks like it."""
        if self.size > 1 << 28:
            return hashlib.sha256(repr((self.size, sorted(self.pieces))).encode()).hexdigest()
        return hashlib.sha256(self.read(0, self.size)).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How the server answers for content; the defaults are good manners."""

    ignores_ranges: bool = False
    says_no_length: bool = False
    truncates: bool = False
    lies_about_length: int = 0
    wrong_range: bool = False
    wrong_total: bool = False
    no_etag: bool = False
    new_etag_each_time: bool = False
    drip_seconds: float = 0.0
    busy: int = 0
    status: int = 503
    retry_after: str = ""
    redirects: str = ""
    expires_after: int = 10**9
    compressed: str = ""
    content_type: str = "application/octet-stream"


@dataclass(kw_only=True)
class Repository:
    """Files at a commit, and who may see them."""

    files: dict[str, Sparse]
    commit: str
    gated: bool = False
    token: str = ""
    linked_etag: str = ""
    linked_commit: str = ""


@dataclass(frozen=True)
class Seen:
    """One request, as the server saw it."""

    where: str
    path: str
    headers: dict[str, str]


class HubServer:
    """The two servers, what they hold, and what they were asked."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.files: dict[str, Sparse] = {}
        self.manners = Manners()
        self.api_manners = Manners()
        self.seen: list[Seen] = []
        self.served = 0
        self.tree_rows: list[dict[str, object]] | None = None
        self.next_page = ""
        self._hub = _server(self, "hub")
        self._cdn = _server(self, "cdn")

    @property
    def endpoint(self) -> str:
        """What goes into HF_ENDPOINT."""
        return f"http://127.0.0.1:{self._hub.server_port}"

    @property
    def content(self) -> str:
        """The address of the content network, which also serves `files` under `/plain/NAME`."""
        return f"http://127.0.0.1:{self._cdn.server_port}"

    def add(self, repo: str, files: Mapping[str, bytes | Sparse], **more: object) -> Repository:
        """Put up a model; its commit is made from its files."""
        held = {name: _sparse(data) for name, data in files.items()}
        commit = hashlib.sha1(repr(sorted((n, f.sha256) for n, f in held.items())).encode()).hexdigest()
        self.repositories[repo] = Repository(files=held, commit=commit, **more)  # type: ignore[arg-type]
        return self.repositories[repo]

    def plain(self, name: str, data: bytes | Sparse) -> str:
        """Put up one file and get its URL."""
        self.files[name] = _sparse(data)
        return f"{self.content}/plain/{quote(name)}"

    def behave(self, **manners: object) -> None:
        """Change the manners of the content network."""
        self.manners = replace(Manners(), **manners)  # type: ignore[arg-type]

    def asked(self, where: str) -> list[Seen]:
        """The requests that one of the two got."""
        return [one for one in self.seen if one.where == where]

    def close(self) -> None:
        """Stop both."""
        for server in (self._hub, self._cdn):
            server.shutdown()
            server.server_close()


@contextmanager
def running_hub() -> Iterator[HubServer]:
    """A hub for the length of a block."""
    hub = HubServer()
    try:
        yield hub
    finally:
        hub.close()


def _sparse(data: bytes | Sparse) -> Sparse:
    return data if isinstance(data, Sparse) else Sparse(len(data), {0: data})


def _server(hub: HubServer, where: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(head=True)

        def do_GET(self) -> None:
            self._answer(head=False)

        def _answer(self, *, head: bool) -> None:
            hub.seen.append(Seen(where, self.path, {k.lower(): v for k, v in self.headers.items()}))
            try:
                if where == "hub":
                    _HubSide(hub, self, head).answer()
                else:
                    _ContentSide(hub, self, head).answer()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


class _Side:
    def __init__(self, hub: HubServer, request: BaseHTTPRequestHandler, head: bool) -> None:
        self.hub, self.request, self.head = hub, request, head
        self.path, _, self.query = request.path.partition("?")

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.request.send_response(status)
        told = {"Content-Length": str(len(body))} | {k.replace("_", "-"): v for k, v in headers.items() if v}
        for name, value in told.items():
            self.request.send_header(name, value)
        self.request.end_headers()
        if not self.head:
            self.request.wfile.write(body)

    def busy(self, manners: Manners) -> bool:
        if manners.busy <= 0:
            return False
        object.__setattr__(manners, "busy", manners.busy - 1)
        self.send(manners.status, b"busy", Retry_After=manners.retry_after)
        return True


class _HubSide(_Side):
    def answer(self) -> None:
        if self.busy(self.hub.api_manners):
            return
        found = re.fullmatch(r"/api/models/(.+?)/(revision|tree)/([^/]+)(?:/.*)?", self.path)
        if found:
            self._api(unquote(found[1]), found[2], unquote(found[3]))
            return
        found = re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", self.path)
        if found:
            self._resolve(unquote(found[1]), unquote(found[2]), unquote(found[3]))
            return
        self.send(404, b"nothing here")

    def _repository(self, name: str) -> Repository | None:
        held = self.hub.repositories.get(name)
        token = self.request.headers.get("Authorization", "").removeprefix("Bearer ")
        if held is None or (held.token and not held.gated and token != held.token):
            self.send(401, b"Invalid username or password.", X_Error_Code="RepoNotFound")
            return None
        return held

    def _api(self, name: str, verb: str, revision: str) -> None:
        held = self._repository(name)
        if held is None:
            return
        if revision not in {"main", held.commit}:
            self.send(404, b"Invalid rev id", X_Error_Code="RevisionNotFound")
        elif verb == "revision":
            siblings = [{"rfilename": path} for path in sorted(held.files)]
            about = {"_id": "1", "id": name, "sha": held.commit, "siblings": siblings, "gated": held.gated}
            self._json(about)
        else:
            self._tree(name, held)

    def _tree(self, name: str, held: Repository) -> None:
        rows = self.hub.tree_rows or [_row(path, file) for path, file in sorted(held.files.items())]
        start = int(parse_qs(self.query).get("cursor", ["0"])[0])
        more = start + PAGE < len(rows)
        link = f'<{self.hub.endpoint}{self.path}?recursive=true&cursor={start + PAGE}>; rel="next"' if more else ""
        self._json(rows[start : start + PAGE], Link=self.hub.next_page or link)

    def _json(self, value: object, **headers: str) -> None:
        self.send(200, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def _resolve(self, name: str, revision: str, path: str) -> None:
        held = self._repository(name)
        if held is None:
            return
        token = self.request.headers.get("Authorization", "").removeprefix("Bearer ")
        if held.gated and token != held.token:
            self.send(403 if token else 401, b"gated", X_Error_Code="GatedRepo")
        elif path not in held.files:
            self.send(404, b"Entry not found", X_Error_Code="EntryNotFound")
        else:
            self._serve(name, held, path)

    def _serve(self, name: str, held: Repository, path: str) -> None:
        file = held.files[path]
        commit = held.linked_commit or held.commit
        if file.size < LFS_FROM:
            etag = f'"{hashlib.sha1(file.read(0, file.size)).hexdigest()}"'
            _ContentSide(self.hub, self.request, self.head).give(file, etag, X_Repo_Commit=commit)
            return
        etag = f'"{held.linked_etag or file.sha256}"'
        target = f"{self.hub.content}/{quote(name)}/{quote(path)}?signature={len(self.hub.seen)}"
        self.send(
            302,
            Location=self.hub.manners.redirects or target,
            X_Repo_Commit=commit,
            X_Linked_Etag=etag,
            X_Linked_Size=str(file.size),
            ETag=etag,
        )


class _ContentSide(_Side):
    def answer(self) -> None:
        if self.hub.manners.redirects and self.path.startswith("/plain/"):
            self.send(302, Location=self.hub.manners.redirects)
            return
        if self.busy(self.hub.manners):
            return
        file = self._find()
        signed = parse_qs(urlsplit(self.request.path).query).get("signature")
        if file is None:
            self.send(404, b"no such key")
        elif signed and len(self.hub.seen) - int(signed[0]) > self.hub.manners.expires_after:
            self.send(403, b"Request has expired")
        else:
            self.give(file, f'"{file.sha256[:32]}"')

    def _find(self) -> Sparse | None:
        name = unquote(self.path)
        if name.startswith("/plain/"):
            return self.hub.files.get(name.removeprefix("/plain/"))
        for repo, held in self.hub.repositories.items():
            if name.startswith(f"/{repo}/"):
                return held.files.get(name.removeprefix(f"/{repo}/"))
        return None

    def give(self, file: Sparse, etag: str, **headers: str) -> None:
        manners = self.hub.manners
        if manners.new_etag_each_time:
            etag = f'"{time.monotonic_ns()}"'
        told = {"ETag": "" if manners.no_etag else etag, "Content_Type": manners.content_type} | headers
        told |= {"Content_Encoding": manners.compressed}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.request.headers.get("Range", ""))
        if not asked or manners.ignores_ranges:
            self._body(200, file, 0, file.size, told)
            return
        first = int(asked[1])
        last = min(int(asked[2] or file.size), file.size - 1)
        if first > last:
            self.send(416, Content_Range=f"bytes */{file.size}")
            return
        total = file.size + 7 if manners.wrong_total else file.size
        shown = first + 1 if manners.wrong_range else first
        self._body(206, file, first, last + 1 - first, told | {"Content_Range": f"bytes {shown}-{last}/{total}"})

    def _body(self, status: int, file: Sparse, first: int, count: int, told: Mapping[str, str]) -> None:
        manners = self.hub.manners
        self.request.send_response(status)
        length = {} if manners.says_no_length else {"Content-Length": str(count + manners.lies_about_length)}
        for name, value in (length | {k.replace("_", "-"): v for k, v in told.items() if v}).items():
            self.request.send_header(name, value)
        if manners.says_no_length or manners.truncates or manners.lies_about_length:
            self.request.send_header("Connection", "close")
            self.request.close_connection = True
        self.request.end_headers()
        if not self.head:
            self._write(file, first, count // 2 if manners.truncates else count)

    def _write(self, file: Sparse, first: int, count: int) -> None:
        step = 1 if self.hub.manners.drip_seconds else 1 << 20
        for start in range(first, first + count, step):
            data = file.read(start, min(step, first + count - start))
            self.request.wfile.write(data)
            self.hub.served += len(data)
            if self.hub.manners.drip_seconds:
                self.request.wfile.flush()
                time.sleep(self.hub.manners.drip_seconds)


def _row(path: str, file: Sparse) -> dict[str, object]:
    blob = hashlib.sha1(f"{path}{file.size}".encode()).hexdigest()
    row: dict[str, object] = {"type": "file", "oid": blob, "size": file.size, "path": path}
    if file.size >= LFS_FROM:
        row["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 135}
    return row
