"""`hub:org/name@revision`, and the addresses of the hub's pages that mean the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from ossmodelkit.foundation.errors import SourceError

PREFIXES = ("hub:", "hf://")
KINDS = ("models", "datasets", "spaces")
PUBLIC_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")
REVISION_WITH_SLASHES = re.compile(r"refs/(?:pr/\d+|convert/[^/]+)")
HINT = "write hub:org/name or hub:org/name@revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRef:
    """A repository of a hub at a revision, and perhaps one file or folder in it."""

    repo: str
    kind: str = "models"
    revision: str = "main"
    path: str = ""

    @property
    def api(self) -> str:
        """Its path below `/api/`."""
        return f"{self.kind}/{self.repo}"

    @property
    def page(self) -> str:
        """Its path below the hub's address."""
        return self.repo if self.kind == "models" else self.api

    @property
    def folder(self) -> str:
        """The name of its folder in the hub cache."""
        return "--".join((self.kind, *self.repo.split("/")))


def is_hub(ref: str) -> bool:
    """Whether `ref` is written as a hub reference."""
    return ref.startswith(PREFIXES)


def parse_hub(ref: str) -> HubRef:
    """Read `hub:[datasets/]org/name[@revision][/path]`.

    Raises `SourceError` when it is none.
    """
    body = next((ref.removeprefix(prefix) for prefix in PREFIXES if ref.startswith(prefix)), ref)
    kind, body = _kind(body)
    before, at, after = body.partition("@")
    if not at:
        repo, path = _repo_and_path(before)
        return _checked(HubRef(kind=kind, repo=repo, path=path), ref)
    special = REVISION_WITH_SLASHES.match(after)
    revision = special.group() if special else after.partition("/")[0]
    rest = after[len(revision) :].removeprefix("/")
    return _checked(HubRef(kind=kind, repo=before, revision=unquote(revision), path=rest), ref)


def from_page(url: str, endpoint: str) -> HubRef | None:
    """The repository behind a page of the hub, or None when `url` is no such page."""
    try:
        parts, home = urlsplit(url), urlsplit(endpoint)
        at_home = (parts.hostname, parts.port) == (home.hostname, home.port)
    except ValueError:
        return None
    if parts.scheme not in {"https", "http"} or not (at_home or parts.hostname in PUBLIC_HOSTS):
        return None
    path = parts.path.removeprefix(home.path) if at_home else parts.path
    kind, body = _kind(path.strip("/"))
    words = body.split("/")
    verb = next((place for place in (1, 2) if words[place:] and words[place] in {"tree", "blob", "resolve"}), None)
    if verb is None:
        return _checked(HubRef(kind=kind, repo=body), url) if body.count("/") <= 1 and body else None
    after = "/".join(words[verb + 1 :])
    special = REVISION_WITH_SLASHES.match(after)
    revision = special.group() if special else after.partition("/")[0]
    inside = unquote(after[len(revision) :].strip("/"))
    found = HubRef(kind=kind, repo="/".join(words[:verb]), revision=unquote(revision) or "main", path=inside)
    return _checked(found, url)


def quoted(path: str) -> str:
    """`path` as it stands in a URL, slashes kept."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _kind(body: str) -> tuple[str, str]:
    first, slash, rest = body.partition("/")
    return (first, rest) if slash and first in KINDS else ("models", body)


def _repo_and_path(body: str) -> tuple[str, str]:
    words = body.split("/")
    return "/".join(words[:2]), "/".join(words[2:])


def _checked(found: HubRef, ref: str) -> HubRef:
    names = found.repo.split("/")
    bad_name = len(names) > 2 or any(not NAME.fullmatch(name) or "--" in name or ".." in name for name in names)
    if bad_name:
        raise SourceError(f"{ref!r} names no repository of a hub", hint=HINT)
    inside = found.path.rstrip("/")
    parts = {*found.revision.split("/"), *(inside.split("/") if inside else ())}
    if {"", ".", ".."} & parts or not all(part.isprintable() for part in parts) or len(ref) > 4096:
        raise SourceError(f"{ref[:200]!r} holds a revision or a path that cannot be", hint=HINT)
    return found
